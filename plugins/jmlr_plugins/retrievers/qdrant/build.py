"""Passages are encoded and laid down: on a server, piece by piece by any number of processes, or in files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.progress import Progress
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.qdrant.collection import Collection
from jmlr_plugins.retrievers.qdrant.connection import Server
from jmlr_plugins.retrievers.qdrant.files import FILE, LocalWriter, Place
from jmlr_plugins.retrievers.qdrant.requests import Storage
from jmlr_plugins.retrievers.storage.pieces import PIECE, Pieces, Share, Work
from jmlr_plugins.retrievers.storage.streams import Repeatable, chunks

PIECES = "pieces"
START = "start"


class PassageEncoder(Protocol):
    """What turns passages into vectors."""

    def passage_vectors(self, texts: Sequence[str], progress: Progress) -> list[NDArray[np.floating]]: ...


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
        self._collection = Collection(server, self._noted_name())
        self._generation = self._old.generation + 1

    def _begin(self, prefix: str) -> None:
        """Note the collection's name. What updates left that broke off is taken back before this one begins."""
        if self._pieces.has(START) and self._pieces.has(_name(0)) and not Collection(self._server, self._noted_name()).exists():
            self._pieces.finish()  # somebody has removed what an interrupted build had laid down
            self._pieces = Pieces(self._into / PIECES, self._share)
        if not self._pieces.has(START):
            name = self._old.collection or f"{prefix}-{uuid4().hex}"
            if self._old.collection:
                Collection(self._server, name).restore(self._old.generation)
            self._pieces.save(START, {"collection": np.frombuffer(name.encode(), dtype=np.uint8)})

    def _noted_name(self) -> str:
        return self._pieces.read("collection", START).tobytes().decode()

    def run(self, encoder: PassageEncoder, added: Repeatable[Passage], removed: AbstractSet[str], progress: Progress) -> None:
        """Lay down this process's share of ``added``. The first process then lays down what others should have but have not,
        lets ``removed`` end, and writes the files; another one that comes too late for that raises :class:`FinishedError`."""

        def lay_down(number: int, chunk: Sequence[Passage], progress: Progress) -> None:
            vectors = encoder.passage_vectors([passage.content for passage in chunk], progress)
            self._send(number, [passage.id for passage in chunk], vectors)

        Work(self._share, added, lambda number: self._pieces.has(_name(number)), lay_down).run(progress)
        if self._share.is_first:
            self._finish(len(added), removed)

    def _send(self, number: int, ids: list[str], vectors: list[NDArray[np.floating]]) -> None:
        """Lay down the vectors of a piece, and note that it has arrived. The first piece makes the collection."""
        if self._old.collection is None and number == 0:
            self._collection.create(vectors[0].shape[-1], vectors[0].ndim == 2, self._storage)
        elif self._old.collection is None:
            self._pieces.wait(_name(0))
        self._collection.put(ids, vectors, self._generation)
        self._pieces.save(_name(number), {"passages": np.array([len(ids)])})

    def _finish(self, added: int, removed: AbstractSet[str]) -> None:
        name = self._collection.name if added else self._old.collection
        place = Place(name, self._generation, self._old.passages - len(removed) + added)
        if name is not None:
            self._collection.retire(removed, self._generation)
            check(self._server, place)
        place.write(self._into)
        self._pieces.finish()


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
