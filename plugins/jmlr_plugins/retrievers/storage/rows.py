"""Which passage stands in which row of an index, and the best rows of a list of scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_whole

REBUILD = "Build the index again with `jmlr index`."


class Rows:
    """The passage ids of an index, in the order of its rows."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = list(ids)
        self._among: tuple[AbstractSet[str], NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The place of each row when the rows are sorted by passage id: (N,)."""
        order = np.empty(len(self.ids), dtype=np.int64)
        order[sorted(range(len(self.ids)), key=self.ids.__getitem__)] = np.arange(len(self.ids))
        return order

    def kept(self, removed: AbstractSet[str]) -> NDArray[np.bool_]:
        """Which rows stay when the passages in ``removed`` go: (N,)."""
        return np.fromiter((one not in removed for one in self.ids), dtype=bool, count=len(self.ids))

    def among(self, only: AbstractSet[str]) -> NDArray[np.int64]:
        """The rows of the passages in ``only``, ascending. Those of the last set are kept: a filter serves many searches."""
        known = self._among
        if known is None or known[0] is not only:
            self._among = known = only, np.flatnonzero(~self.kept(only))
        return known[1]

    def replaced(self, kept: NDArray[np.bool_], added: Sequence[str]) -> Rows:
        """The rows that stay, in their order, then the new ones."""
        return Rows([one for one, stays in zip(self.ids, kept, strict=True) if stays] + list(added))

    def best(self, scores: NDArray, k: int, rows: NDArray | None = None) -> list[Match]:
        """The ``k`` best of ``scores`` (n,), best first, equal ones in the order of their ids.

        ``rows`` (n,) are the rows that the scores belong to; by default all of them in turn."""
        at = _at_least_kth(scores, k)
        rows = at if rows is None else np.asarray(rows)[at]
        chosen = np.lexsort((self.order[rows], -scores[at]))[:k]
        return self.matches(rows[chosen], scores[at][chosen])

    def matches(self, rows: NDArray[np.int64], scores: NDArray) -> list[Match]:
        """The passages in ``rows`` (n,) with their ``scores`` (n,)."""
        # without a numpy scalar for each number: at k = 100 those are a tenth of a BM25 query
        return list(map(Match, map(self.ids.__getitem__, rows.tolist()), scores.tolist()))

    def write(self, path: Path) -> None:
        """Write the ids as one JSON list."""
        write_whole(path, json.dumps(self.ids, ensure_ascii=False).encode())

    @classmethod
    def read(cls, path: Path, count: int | None = None) -> Rows:
        """Read what :meth:`write` wrote; raises :class:`DamagedError` when there are not ``count`` ids."""
        try:
            rows = cls(json.loads(path.read_bytes()))
        except (OSError, ValueError) as error:
            raise DamagedError(f"the index file {path} cannot be read: {error}", REBUILD) from error
        if count is not None and len(rows) != count:
            raise DamagedError(f"the index file {path} lists {len(rows)} passages where {count} are indexed", REBUILD)
        return rows


def _at_least_kth(scores: NDArray, k: int) -> NDArray[np.int64]:
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    if k >= len(scores):
        return np.arange(len(scores))
    return np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])


def read_array(path: Path, *, mapped: bool = False) -> NDArray:
    """Read a .npy file, without ever unpickling; ``mapped`` leaves it on disk until it is used.

    Raises :class:`DamagedError` when it cannot be read."""
    try:
        # as a plain array: slices of a memmap object are slow to make
        return np.asarray(np.load(path, allow_pickle=False, mmap_mode="r" if mapped else None))
    except (OSError, ValueError, EOFError) as error:
        raise DamagedError(f"the index file {path} cannot be read: {error}", REBUILD) from error
