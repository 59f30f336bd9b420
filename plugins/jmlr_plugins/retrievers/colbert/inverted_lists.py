"""For each centroid, the passages that have a token there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.storage.ragged import ranges
from jmlr_plugins.retrievers.storage.rows import REBUILD, read_array

Tokens = Callable[[], Iterator[tuple[NDArray[np.integer], NDArray[np.integer]]]]
"""Yields, each time it is called, the tokens of all passages in blocks of whole passages: the row of each token's passage (n,)
and its centroid (n,)."""


@dataclass(frozen=True)
class InvertedLists:
    """The passages of centroid ``c`` stand in ``rows`` from ``starts[c]`` to ``starts[c + 1]``, each once, in turn."""

    rows: NDArray[np.unsignedinteger]
    starts: NDArray[np.int64]

    def of(self, centroids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The passages of some centroids, one list after the other (n,), and how many each has (len(centroids),)."""
        lengths = self.starts[centroids + 1] - self.starts[centroids]
        return self.rows[ranges(self.starts[centroids], lengths)].astype(np.int64), lengths

    @classmethod
    def read(cls, folder: Path) -> InvertedLists:
        """Read what :func:`write_lists` wrote, its lists left on disk; raises :class:`DamagedError` when they do not fit."""
        starts = read_array(folder / "list_starts.npy")
        rows = read_array(folder / "lists.npy", mapped=True)
        if not len(starts) or len(rows) != starts[-1]:
            raise DamagedError(f"the lists in {folder} do not fit together", REBUILD)
        return cls(rows, starts)


def write_lists(folder: Path, tokens: Tokens, passages: int, centroids: int) -> None:
    """Write the lists of all tokens, in two passes over them: one counts, one fills."""
    counts = np.zeros(centroids, dtype=np.int64)
    for block in tokens():
        counts += np.bincount(_pairs(*block)[1], minlength=centroids)
    starts = np.concatenate([[0], np.cumsum(counts)])
    np.save(folder / "list_starts.npy", starts, allow_pickle=False)
    smallest = np.min_scalar_type(max(passages - 1, 0))
    if not starts[-1]:
        np.save(folder / "lists.npy", np.zeros(0, dtype=smallest), allow_pickle=False)
        return
    lists = np.lib.format.open_memmap(folder / "lists.npy", mode="w+", dtype=smallest, shape=(int(starts[-1]),))
    filled = starts[:-1].copy()
    for block in tokens():
        rows, ids = _pairs(*block)
        here = np.bincount(ids, minlength=centroids)
        firsts = np.concatenate([[0], np.cumsum(here)[:-1]])
        lists[filled[ids] + np.arange(len(ids)) - firsts[ids]] = rows
        filled += here
    lists.flush()


def _pairs(rows: NDArray[np.integer], centroids: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each passage and centroid that meet, once, by centroid and then by passage."""
    first, span = int(rows.min()), int(rows.max()) - int(rows.min()) + 1
    keys = np.unique(centroids.astype(np.int64) * span + (rows.astype(np.int64) - first))
    return keys % span + first, keys // span
