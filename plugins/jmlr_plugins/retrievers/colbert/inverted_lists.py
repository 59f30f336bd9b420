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


BLOCK = 1 << 16
"""Passages whose rows two bytes tell apart: the lists of as many stand together."""


@dataclass(frozen=True)
class InvertedLists:
    """The lists of ``K`` centroids, for each ``BLOCK`` of passages anew. Those of centroid ``c`` in block ``b`` stand in ``rows``
    from ``starts[b K + c]`` to ``starts[b K + c + 1]``, each once, in turn, counted from the block's first passage."""

    rows: NDArray[np.uint16]
    starts: NDArray[np.int64]
    centroids: int

    def of(self, centroids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The passages of some centroids (n,), and the place in ``centroids`` of the one that each belongs to (n,). Those of one
        passage come in the order of ``centroids``."""
        blocks = np.arange((len(self.starts) - 1) // self.centroids)[:, None]
        lists = (blocks * self.centroids + centroids).ravel()
        lengths = self.starts[lists + 1] - self.starts[lists]
        firsts = np.repeat(blocks * BLOCK, len(centroids))
        rows = self.rows[ranges(self.starts[lists], lengths)].astype(np.int64)
        rows += np.repeat(firsts, lengths)
        return rows, np.repeat(np.tile(np.arange(len(centroids)), len(blocks)), lengths)

    @classmethod
    def read(cls, folder: Path, centroids: int) -> InvertedLists:
        """Read what :func:`write_lists` wrote, its lists left on disk; raises :class:`DamagedError` when they do not fit."""
        starts = read_array(folder / "list_starts.npy")
        rows = read_array(folder / "lists.npy", mapped=True)
        if not len(starts) or (len(starts) - 1) % centroids or len(rows) != starts[-1]:
            raise DamagedError(f"the lists in {folder} do not fit together", REBUILD)
        return cls(rows, starts, centroids)


def write_lists(folder: Path, tokens: Tokens, passages: int, centroids: int) -> None:
    """Write the lists of all tokens, in two passes over them: one counts, one fills."""
    counts = np.zeros(-(-passages // BLOCK) * centroids, dtype=np.int64)
    for block in tokens():
        _, lists = _pairs(*block, centroids)
        here = np.bincount(lists - lists[0])
        counts[lists[0] : lists[0] + len(here)] += here
    starts = np.concatenate([[0], np.cumsum(counts)])
    np.save(folder / "list_starts.npy", starts, allow_pickle=False)
    if not starts[-1]:
        np.save(folder / "lists.npy", np.zeros(0, dtype=np.uint16), allow_pickle=False)
        return
    rows = np.lib.format.open_memmap(folder / "lists.npy", mode="w+", dtype=np.uint16, shape=(int(starts[-1]),))
    filled = starts[:-1].copy()
    for block in tokens():
        own, lists = _pairs(*block, centroids)
        here = np.bincount(lists - lists[0])
        firsts = np.cumsum(here) - here
        rows[filled[lists] + np.arange(len(lists)) - firsts[lists - lists[0]]] = own
        filled[lists[0] : lists[0] + len(here)] += here
    rows.flush()


def _pairs(rows: NDArray[np.integer], centroids: NDArray[np.integer], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each passage, counted from the first of its block of lists, and list that meet, once, by list and then by passage."""
    blocks, own = np.divmod(rows.astype(np.int64), BLOCK)
    lists, own = np.divmod(np.unique((blocks * count + centroids) * BLOCK + own), BLOCK)
    return own, lists
