"""The files of a dense index, opened: one vector a passage, compared by inner product."""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.dense import gpu
from jmlr_plugins.retrievers.dense.exact import nearest
from jmlr_plugins.retrievers.dense.factory import FLAT, FLAT_UP_TO
from jmlr_plugins.retrievers.dense.structure import Structure
from jmlr_plugins.retrievers.storage.rows import REBUILD, Rows, read_array

IDS, VECTORS, LAYOUT, STRUCTURE = "ids.json", "vectors.npy", "layout.json", "index.faiss"
TIE = 1e-5  # relative; scores of equal vectors differ by less in float32


class DenseIndex:
    """What :class:`~jmlr_plugins.retrievers.dense.writer.DenseWriter` wrote. The vectors stay on disk until they are read.

    A structure, if there is one, puts candidates forward; every score is the inner product with the vector itself.
    ``nprobe`` and ``ef_search`` say how much of the structure a search looks at. Up to ``exact_up_to`` passages are
    compared one by one where a search is kept to some of them. Raises :class:`DamagedError` when a file cannot be read.
    """

    def __init__(self, at: Path, nprobe: int | None = None, ef_search: int | None = None, exact_up_to: int = FLAT_UP_TO) -> None:
        self.rows = Rows.read(at / IDS)
        self.vectors: NDArray[np.float32] = read_array(at / VECTORS, mapped=True)
        if len(self.vectors) != len(self.rows):
            raise DamagedError(f"{at / VECTORS} holds {len(self.vectors)} vectors, not {len(self.rows)}", REBUILD)
        self.factory = _factory(at)
        self._structure = None if self.factory == FLAT else Structure(at / STRUCTURE, len(self.rows), nprobe, ef_search)
        self._flat = gpu.flat(self.vectors) if self._structure is None else None
        self._exact_up_to = exact_up_to

    def search(self, queries: NDArray[np.float32], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        """The ``k`` passages with the largest inner product with each of ``queries`` (B, d); with ``only``, among those."""
        rows = None if only is None else self.rows.among(only)
        k = min(k, len(self.rows) if rows is None else len(rows))
        if k <= 0:
            return [[] for _ in queries]
        found = self._candidates(np.ascontiguousarray(queries, dtype=np.float32), k, rows)
        return [self._best(query, each, k) for query, each in zip(queries, found, strict=True)]

    def _candidates(self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None) -> Sequence[NDArray[np.int64]]:
        """Rows among which the ``k`` best of each query are."""
        if self._structure is None or (rows is not None and len(rows) <= self._exact_up_to):
            return list(self._exact_candidates(queries, k, rows))
        count = min(10 * k + 100, len(self.rows) if rows is None else len(rows))
        found = [each[each >= 0] for each in self._structure.search(queries, count, rows)]
        for place in (place for place, each in enumerate(found) if len(each) < k):
            found[place] = self._exact_candidates(queries[place : place + 1], k, rows)[0]
        return found

    def _exact_candidates(self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """Rows of the best passages of each query, with all that may tie with the ``k``-th: (B, at least k)."""
        among = len(self.rows) if rows is None else len(rows)
        count = min(k + 16, among)
        while True:
            scores, found = self._compared(queries, count, rows)
            clear = scores[:, -1] < scores[:, k - 1] - TIE * np.abs(scores[:, k - 1])
            if count == among or clear.all():
                return found
            count = min(4 * count, among)

    def _compared(
        self, queries: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The ``count`` largest inner products of each query with all vectors, or with those of ``rows``: (B, count)."""
        if self._flat is not None and rows is None and count <= gpu.MOST:
            return self._flat.search(queries, count)
        return nearest(queries, self.vectors, count, rows)

    def _best(self, query: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> list[Match]:
        # Summed anew in one order: equal vectors then have equal scores, in a batch as alone.
        vectors = self.vectors[np.sort(rows)].astype(np.float64)
        return self.rows.best((vectors * query).sum(1), k, np.sort(rows))


def _factory(at: Path) -> str:
    """Which structure there is, once its file was seen to be whole: faiss may read beyond the end of a shorter one."""
    try:
        layout = json.loads((at / LAYOUT).read_bytes())
        factory, size = layout["factory"], layout["bytes"]
        found = 0 if factory == FLAT else (at / STRUCTURE).stat().st_size
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"the index files in {at} cannot be read: {error}", REBUILD) from error
    if found != size:
        raise DamagedError(f"the index file {at / STRUCTURE} has {found} bytes, not {size}", REBUILD)
    return factory
