"""Passages are encoded and laid down: on a server, piece by piece by any number of processes, or in files."""

from __future__ import annotations

import shutil
from collections.abc import Collection as Collected
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.encoding import chunks
from jmlr_plugins.retrievers.pieces import PIECE, FinishedError, Pieces, Share
from jmlr_plugins.retrievers.qdrant_collection import Collection
from jmlr_plugins.retrievers.qdrant_connection import Server
from jmlr_plugins.retrievers.qdrant_files import FILE, LocalWriter, Place
from jmlr_plugins.retrievers.qdrant_requests import Storage

PIECES = "pieces"
START = "start"


class PassageEncoder(Protocol):
    """What turns passages into vectors."""

    def passage_vectors(self, texts: list[str], progress: Progress) -> list[NDArray[np.floating]]: ...


def write_locally(
    encoder: PassageEncoder,
    old: Path | None,
    added: Iterable[Passage],
    removed: AbstractSet[str],
    into: Path,
    progress: Progress,
) -> None:
    """Write the vectors of what stays of ``old`` and of ``added`` into ``into``."""
    writer = LocalWriter(into)
    try:
        if old is not None:
            writer.keep(old, removed)
        for chunk in chunks(added, PIECE):
            vectors = encoder.passage_vectors([passage.content for passage in chunk], progress)
            writer.add([passage.id for passage in chunk], vectors)
    finally:
        writer.close()


class ServerBuild:
    """One build or update on a server: the generation after ``old``. What has arrived is noted in the folder ``into``, so that
    an interrupted one goes on, and several processes lay down their ``share`` each."""

    def __init__(self, server: Server, prefix: str, storage: Storage, share: Share, old: Place | None, into: Path) -> None:
        self._server = server
        self._storage = storage
        self._share = share
        self._old = old or Place(None, 0, 0)
        self._into = into
        if share.is_first:
            (into / FILE).unlink(missing_ok=True)
        self._pieces = Pieces(into / PIECES, share)
        if share.is_first:
            self._begin(prefix)
        else:
            self._stop_if_finished()
        self._collection = Collection(server, self._noted_name())
        self._generation = self._old.generation + 1

    def _begin(self, prefix: str) -> None:
        """Note the collection's name. What updates left that broke off is taken back before this one begins."""
        if self._pieces.has(START) and self._pieces.has(_name(0)) and not Collection(self._server, self._noted_name()).exists():
            shutil.rmtree(self._pieces.folder)  # somebody has removed what an interrupted build had laid down
            self._pieces = Pieces(self._into / PIECES, self._share)
        if not self._pieces.has(START):
            name = self._old.collection or f"{prefix}-{uuid4().hex}"
            if self._old.collection:
                Collection(self._server, name).restore(self._old.generation)
            self._pieces.save(START, {"collection": np.frombuffer(name.encode(), dtype=np.uint8)})

    def _stop_if_finished(self) -> None:
        """Raise :class:`FinishedError` where the first process has not waited for this one, and leave nothing behind."""
        if (self._into / FILE).exists():
            shutil.rmtree(self._pieces.folder, ignore_errors=True)
            raise FinishedError(self._into)

    def _noted_name(self) -> str:
        return self._pieces.read("collection", START).tobytes().decode()

    def run(self, encoder: PassageEncoder, added: Collected[Passage], removed: AbstractSet[str], progress: Progress) -> None:
        """Lay down this process's share of ``added``. The first process then lays down what others should have but have not,
        lets ``removed`` end, and writes the files; another one that comes too late for that raises :class:`FinishedError`."""
        for number, chunk in enumerate(chunks(added, PIECE)):
            if self._share.has(number):
                self._lay_down(number, chunk, encoder, progress)
            else:
                progress(len(chunk))
        if self._share.is_first:
            for number, chunk in enumerate(chunks(added, PIECE)):
                self._lay_down(number, chunk, encoder, silent)
            self._finish(len(added), removed)
        else:
            self._stop_if_finished()

    def _lay_down(self, number: int, chunk: list[Passage], encoder: PassageEncoder, progress: Progress) -> None:
        """Encode a piece and send it, unless that has been done."""
        if self._pieces.has(_name(number)):
            progress(len(chunk))
            return
        vectors = encoder.passage_vectors([passage.content for passage in chunk], progress)
        if self._old.collection is None and number == 0:
            self._collection.create(vectors[0].shape[-1], vectors[0].ndim == 2, self._storage)
        elif self._old.collection is None:
            self._pieces.wait(_name(0))
        self._collection.put([passage.id for passage in chunk], vectors, self._generation)
        self._pieces.save(_name(number), {"passages": np.array([len(chunk)])})

    def _finish(self, added: int, removed: AbstractSet[str]) -> None:
        name = self._collection.name if added else self._old.collection
        place = Place(name, self._generation, self._old.passages - len(removed) + added)
        if name is not None:
            self._collection.retire(removed, self._generation)
            check(self._server, place)
        place.write(self._into)
        shutil.rmtree(self._pieces.folder)


def check(server: Server, place: Place) -> Collection | None:
    """The collection of a generation, once it was seen to be whole; None where there is none.

    Raises :class:`DamagedError` when it is not there or lacks passages."""
    if place.collection is None:
        return None
    collection = Collection(server, place.collection)
    found = collection.count(place.generation)
    if found != place.passages:
        raise DamagedError(
            f"the collection {place.collection!r} on the qdrant server at {server.url} has {found} of {place.passages} passages",
            "Build the index anew with `jmlr index --rebuild`; a copy of an index must not be updated beside the first.",
        )
    return collection


def _name(number: int) -> str:
    return f"{number:06d}"
