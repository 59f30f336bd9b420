"""What an unfinished build has encoded so far: one file a piece, each whole or absent, so that a build which was interrupted
goes on and several processes can encode one corpus, each its share of the pieces, on one machine or on a shared disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file, save

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Passage
from jmlr_cli.files import write_whole
from jmlr_plugins.retrievers.storage.streams import Repeatable, chunks

PIECE = 512
"""Passages in a piece."""
POLL = 0.2
"""Seconds between two looks for what another process writes."""

Make = Callable[[int, Sequence[Passage], Progress], object]
"""Encodes the passages of the piece of this number and leaves them where ``is_there`` finds them."""


class FinishedError(Exception):
    """The first process has put the pieces together, without waiting for this one."""


@dataclass(frozen=True)
class Share:
    """The pieces that this process encodes: every ``of``-th from ``rank``. The first one puts them together."""

    rank: int = 0
    of: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process puts the pieces together."""
        return self.rank == 0

    def has(self, number: int) -> bool:
        """Whether a piece is this process's."""
        return number % self.of == self.rank


class Pieces:
    """The pieces of one build, in ``folder``, beside which the first process puts its files.

    Raises :class:`FinishedError` when it has done so before this process came."""

    def __init__(self, folder: Path, share: Share) -> None:
        self.folder = folder
        self.share = share
        try:
            folder.mkdir()
        except FileExistsError:
            return
        if not share.is_first and len(list(folder.parent.iterdir())) > 1:
            folder.rmdir()
            raise FinishedError(folder)

    def save(self, name: str, arrays: Mapping[str, NDArray]) -> None:
        """Write the file ``name``, whole. Raises :class:`FinishedError` when the first process did not wait for it."""
        content = save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
        try:
            write_whole(self._path(name), content, alone=False)
        except FileNotFoundError:
            raise FinishedError(self.folder) from None

    def has(self, name: str) -> bool:
        """Whether the file ``name`` is there, whole."""
        return self._path(name).exists()

    def load(self, name: str) -> dict[str, NDArray]:
        """The arrays of the file ``name``."""
        return load_file(self._path(name))

    def read(self, array: str, *names: str) -> NDArray:
        """One array of the first of these files that is there, once the process that makes one of them has done so."""
        while True:
            for name in names:
                try:
                    with safe_open(self._path(name), framework="numpy") as opened:
                        return opened.get_tensor(array)
                except FileNotFoundError:
                    continue
            self._look_again(names)

    def wait(self, name: str) -> None:
        """Until the file ``name`` is there."""
        while not self.has(name):
            self._look_again((name,))

    def _look_again(self, names: tuple[str, ...]) -> None:
        if self.share.is_first:
            raise FileNotFoundError(self._path(names[0]))
        if not self.folder.exists():
            raise FinishedError(self.folder)
        time.sleep(POLL)

    def remove(self, name: str) -> None:
        """Remove the file ``name``, if it is there."""
        self._path(name).unlink(missing_ok=True)

    def finish(self) -> None:
        """Remove them all: the index is whole. The folder vanishes at once, also for a process that is writing into it."""
        gone = self.folder.with_name(f".{self.folder.name}.gone")
        shutil.rmtree(gone, ignore_errors=True)  # of a build that was killed right here
        self.folder.rename(gone)
        shutil.rmtree(gone)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


@dataclass(frozen=True)
class Work:
    """The ``passages`` of a build in pieces, numbered from 0, each made by ``make`` unless it ``is_there``."""

    share: Share
    passages: Repeatable[Passage]
    is_there: Callable[[int], bool]
    make: Make

    def __len__(self) -> int:
        return -(-len(self.passages) // PIECE)

    def run(self, progress: Progress = silent) -> list[list[str]]:
        """Make this process's share, and, in the first process, what others should have made but have not: whoever should have
        is slower, or gone. Returns the passage ids of each piece."""
        ids: list[list[str]] = []
        for number, chunk in self._numbered():
            ids.append([passage.id for passage in chunk])
            if self.share.has(number) and not self.is_there(number):
                self.make(number, chunk, progress)
            else:
                progress(len(chunk))
        if self.share.is_first:
            self.complete(len(ids))
        return ids

    def complete(self, count: int) -> None:
        """Make those of the first ``count`` pieces that are not there."""
        if all(map(self.is_there, range(count))):
            return
        for number, chunk in islice(self._numbered(), count):
            if not self.is_there(number):
                self.make(number, chunk, silent)

    def _numbered(self) -> Iterator[tuple[int, list[Passage]]]:
        return enumerate(chunks(self.passages, PIECE))
