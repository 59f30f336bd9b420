"""Writes a dense index: vectors streamed to disk as they come, then brought into the order of their passages' ids."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Self

import faiss
import numpy as np
from numpy.typing import NDArray

from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.dense.factory import AUTO, FLAT, chosen_factory, empty_structure
from jmlr_plugins.retrievers.dense.index import IDS, LAYOUT, STRUCTURE, VECTORS, DenseIndex
from jmlr_plugins.retrievers.dense.structure import build_structure
from jmlr_plugins.retrievers.storage.rows import Rows, read_array
from jmlr_plugins.retrievers.storage.vector_file import VectorWriter, blocks

ARRIVED = "arrived.npy"


class DenseWriter:
    """Writes ``vectors.npy`` (N, d) float32, ``ids.json`` in the same order, ``layout.json``, and ``index.faiss`` where
    the vectors get a structure.

    The files depend on the passages and their vectors alone, so an update leaves what a build from nothing would.
    ``factory`` is a faiss factory string or "auto".
    """

    def __init__(self, into: Path, factory: str = AUTO) -> None:
        self._into = into
        self._factory = factory
        self._ids: list[str] = []

    def __enter__(self) -> Self:
        (self._into / STRUCTURE).unlink(missing_ok=True)  # an interrupted writer may have left one
        self._vectors = VectorWriter(self._into / ARRIVED)
        return self

    def __exit__(self, *failure: object) -> None:
        self._vectors.close()
        if failure[0] is None:
            self._sort()
            self._build()

    def keep(self, old: Path, removed: AbstractSet[str]) -> None:
        """Take over the vectors in ``old`` but those of the passages in ``removed``."""
        index = DenseIndex(old)
        kept = index.rows.kept(removed)
        for block in blocks(index.vectors):
            self._vectors.add(index.vectors[block][kept[block]])
        self._ids += [one for one, stays in zip(index.rows.ids, kept, strict=True) if stays]

    def add(self, ids: Sequence[str], vectors: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> None:
        """Append ``n`` passages with their vectors (n, d). Raises :class:`InputError` where the factory does not fit them."""
        if not len(ids):
            return
        block = np.asarray(vectors, dtype=np.float32)
        if not self._vectors.count and self._factory not in (AUTO, FLAT):
            empty_structure(self._factory, block.shape[1])
        self._vectors.add(block)
        self._ids.extend(ids)

    def _sort(self) -> None:
        """Bring the vectors into the order of their ids."""
        order = np.array(sorted(range(len(self._ids)), key=self._ids.__getitem__), dtype=np.int64)
        arrived = self._into / ARRIVED
        if (np.diff(order) == 1).all():
            arrived.replace(self._into / VECTORS)
        else:
            _reorder(arrived, self._into / VECTORS, order)
            arrived.unlink()
        Rows([self._ids[place] for place in order]).write(self._into / IDS)

    def _build(self) -> None:
        vectors = read_array(self._into / VECTORS, mapped=True)
        factory = chosen_factory(self._factory, *vectors.shape)
        structure = build_structure(factory, vectors)
        if structure is None:
            write_json(self._into / LAYOUT, {"factory": FLAT, "bytes": 0})
            return
        path = self._into / STRUCTURE
        faiss.write_index(structure, str(path))
        write_json(self._into / LAYOUT, {"factory": factory, "bytes": path.stat().st_size})


def _reorder(source: Path, target: Path, order: NDArray[np.int64]) -> None:
    """Copy the rows of ``source`` into ``target``, in ``order``."""
    vectors, writer = read_array(source, mapped=True), VectorWriter(target)
    for block in blocks(vectors):
        writer.add(vectors[order[block]])
    writer.close()
