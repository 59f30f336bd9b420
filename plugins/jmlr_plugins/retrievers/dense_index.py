"""One vector a passage, in faiss's flat inner-product index."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Self

import faiss
import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.rows import REBUILD, Rows

TIE = 1e-5  # relative; scores of equal vectors differ by less in float32


class DenseWriter:
    """Collects vectors and writes ``vectors.faiss`` and ``ids.json`` when it closes."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._ids: list[str] = []
        self._index: faiss.IndexFlatIP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if failure[0] is None:
            index = faiss.IndexFlatIP(1) if self._index is None else self._index
            faiss.write_index(index, str(self._into / "vectors.faiss"))
            Rows(self._ids).write(self._into / "ids.json")

    def keep(self, old: Path, removed: AbstractSet[str]) -> None:
        """Take over the vectors in ``old`` but those of the passages in ``removed``."""
        index = DenseIndex(old)
        kept = index.rows.kept(removed)
        self.add(index.rows.replaced(kept, ()).ids, index.vectors[kept])

    def add(self, ids: Sequence[str], vectors: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> None:
        """Append ``n`` passages with their vectors (n, d)."""
        if len(ids):
            block = np.ascontiguousarray(vectors, dtype=np.float32)
            if self._index is None:
                self._index = faiss.IndexFlatIP(block.shape[1])
            self._index.add(block)
            self._ids.extend(ids)


class DenseIndex:
    """The files of :class:`DenseWriter`, opened."""

    def __init__(self, at: Path) -> None:
        try:
            self._index = faiss.read_index(str(at / "vectors.faiss"))
        except RuntimeError as error:
            raise DamagedError(f"the index file {at / 'vectors.faiss'} cannot be read", REBUILD) from error
        self.rows = Rows.read(at / "ids.json", self._index.ntotal)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """All vectors: (N, d)."""
        return self._index.reconstruct_n(0, self._index.ntotal)

    def search(self, queries: NDArray[np.float32], k: int) -> list[list[Match]]:
        """The ``k`` passages with the largest inner product with each of ``queries`` (B, d)."""
        k = min(k, len(self.rows))
        if k <= 0:
            return [[] for _ in queries]
        return [self._best(query, found, k) for query, found in zip(queries, self._candidates(queries, k), strict=True)]

    def _candidates(self, queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
        """Rows of the best passages of each query, with all that may tie with the ``k``-th: (B, at least k)."""
        count = min(k + 16, len(self.rows))
        while True:
            scores, rows = self._index.search(queries, count)
            clear = scores[:, -1] < scores[:, k - 1] - TIE * np.abs(scores[:, k - 1])
            if count == len(self.rows) or clear.all():
                return rows
            count = min(4 * count, len(self.rows))

    def _best(self, query: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> list[Match]:
        # Summed anew in one order: equal vectors then have equal scores, in a batch as alone.
        vectors = self._index.reconstruct_batch(rows).astype(np.float64)
        return self.rows.best((vectors * query).sum(1), k, rows)
