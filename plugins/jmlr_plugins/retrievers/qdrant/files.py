"""What an index on qdrant leaves on this machine: the name of its collection on the server, or, without one, its vectors.

Without a server the client's own engine searches them in memory. Its own files are not used: they are unpickled, and change
when they are opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.storage.rows import REBUILD, Rows, read_array
from jmlr_plugins.retrievers.storage.vector_file import VectorWriter

FILE = "collection.json"
AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Place:
    """A generation of an index on a server. ``collection`` is None as long as there was no passage to make it for."""

    collection: str | None
    generation: int
    passages: int

    def write(self, folder: Path) -> None:
        """Leave it in ``folder``."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Place:
        """What :meth:`write` left. Raises :class:`DamagedError` when it cannot be read."""
        try:
            return cls(**_read(folder))
        except TypeError as error:
            raise DamagedError(f"the index file {folder / FILE} names no collection", REBUILD) from error


def _read(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / FILE).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedError(f"the index file {folder / FILE} cannot be read: {error}", REBUILD) from error


class LocalVectors:
    """The vectors of passages in a folder, opened: all of them one after the other (T, d), and how many each passage has;
    ``multivector`` says that it may be several.

    Raises :class:`DamagedError` when a file cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.multivector = bool(_read(folder).get("multivector"))
        self.lengths = read_array(folder / "lengths.npy").astype(np.int64)
        self.rows = Rows.read(folder / "ids.json", len(self.lengths))
        self.vectors = read_array(folder / "vectors.npy", mapped=True)
        self._ends = np.cumsum(self.lengths)
        if len(self.vectors) != self.lengths.sum():
            raise DamagedError(f"{folder / 'vectors.npy'} holds {len(self.vectors)} vectors, not {self.lengths.sum()}", REBUILD)

    def chunks(self, rows: NDArray[np.int64] | None = None) -> Iterator[tuple[list[str], list[NDArray]]]:
        """The ids of all passages, or of those in ``rows`` (n,), with the vectors (tokens, d) of each, some at a time."""
        rows = np.arange(len(self.rows)) if rows is None else rows
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            vectors = [self.vectors[self._ends[row] - self.lengths[row] : self._ends[row]] for row in some]
            yield [self.rows.ids[row] for row in some], vectors


class LocalWriter:
    """Writes the files of :class:`LocalVectors`: ``vectors.npy``, ``lengths.npy``, ``ids.json`` and ``collection.json``."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._vectors = VectorWriter(into / "vectors.npy")
        self._lengths: list[int] = []
        self._ids: list[str] = []
        self._multivector = False

    def keep(self, old: Path, removed: AbstractSet[str]) -> None:
        """Take over the vectors in ``old`` but those of the passages in ``removed``."""
        index = LocalVectors(old)
        for ids, vectors in index.chunks(np.flatnonzero(index.rows.kept(removed))):
            self.add(ids, vectors if index.multivector else [each[0] for each in vectors])

    def add(self, ids: Sequence[str], vectors: Sequence[NDArray]) -> None:
        """Append passages with the vector (d,) or the vectors (tokens, d) of each."""
        for each in vectors:
            self._multivector = each.ndim == 2
            self._vectors.add(np.atleast_2d(each))
            self._lengths.append(len(each) if self._multivector else 1)
        self._ids.extend(ids)

    def close(self) -> None:
        """Make the files whole."""
        self._vectors.close()
        np.save(self._into / "lengths.npy", np.array(self._lengths, dtype=np.int32), allow_pickle=False)
        Rows(self._ids).write(self._into / "ids.json")
        write_json(self._into / FILE, {"multivector": self._multivector})
