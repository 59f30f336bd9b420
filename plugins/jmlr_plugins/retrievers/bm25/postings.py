"""The passages of each word, with what it adds to their scores: the inverted file that BM25 sums up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.bm25.word_counts import WordCounts
from jmlr_plugins.retrievers.storage.rows import REBUILD, read_array

LONG = 1 << 12
"""Postings that are worth a call of their own; shorter lists are put together, up to ``AT_ONCE`` postings."""
AT_ONCE = 1 << 16
LISTS_KEPT = 1 << 15
ARRAYS = ("word_starts", "word_passages", "word_impacts", "frequent_words", "frequent_impacts")


@dataclass(frozen=True)
class Postings:
    """The passages of V words. Word ``v`` adds ``impacts[i]`` to the score of passage ``rows[i]``, for ``i`` from
    ``starts[v]`` to ``starts[v + 1]``; so does word ``frequent[d]`` with ``dense[d]``, of every passage.

    ``starts``: (V + 1,). ``rows``, ``impacts``: a posting each. ``frequent``: (D,) ascending. ``dense``: (D, N).
    """

    starts: NDArray[np.int64]
    rows: NDArray[np.integer]
    impacts: NDArray[np.floating]
    frequent: NDArray[np.int64]
    dense: NDArray[np.floating]

    @property
    def exact(self) -> bool:
        """Whether sums are in float64."""
        return self.impacts.dtype == np.float64

    def sums(self, repeats: Mapping[int, int]) -> tuple[NDArray[np.floating], list[int]]:
        """The sum of the impacts of some words, each as often as ``repeats`` says, for each passage: (N,). The frequent ones
        of the words are left out, and named.

        In float32 it is off by at most ``(m + 2) * 2**-24`` of what the absolute impacts of the ``m`` words add up to."""
        sums = np.zeros(self.dense.shape[1], dtype=self.impacts.dtype)
        frequent: list[int] = []
        short: list[tuple[NDArray, NDArray]] = []
        waiting = 0
        for word, times in repeats.items():
            rows, impacts = self._lists[word]
            if rows is None:
                frequent.append(word)
                continue
            if times > 1:
                impacts = impacts * times
            if len(rows) > LONG:
                np.add.at(sums, rows.astype(np.intp, copy=False), impacts)
                continue
            short.append((rows, impacts))
            waiting += len(rows)
            if waiting > AT_ONCE:
                _add(short, sums)
                short, waiting = [], 0
        _add(short, sums)
        return sums, frequent

    def all_impacts(self, word: int) -> NDArray[np.floating]:
        """The impact of a frequent word on each passage: (N,)."""
        return self._lists[word][1]

    @cached_property
    def _lists(self) -> _Lists:
        return _Lists(self)

    @classmethod
    def read(cls, folder: Path, counts: WordCounts) -> Self:
        """Read the postings in ``folder``; raises :class:`DamagedError` when they do not fit ``counts``."""
        starts, rows, impacts, frequent, dense = (read_array(folder / f"{name}.npy", mapped=True) for name in ARRAYS)
        fits = len(starts) == len(counts.vocabulary) + 1 and len(rows) == len(impacts) == starts[-1]
        if not fits or dense.shape != (len(frequent), len(counts)):
            raise DamagedError(f"the postings in {folder} do not fit their vocabulary", REBUILD)
        return cls(starts, rows, impacts, frequent, dense)


class _Lists(dict[int, tuple[NDArray | None, NDArray]]):
    """The passages and the impacts of each word asked for, as views; no passages where the impacts are of all in turn."""

    def __init__(self, postings: Postings) -> None:
        super().__init__()
        self._postings = postings
        self._dense = {word: row for row, word in enumerate(postings.frequent.tolist())}

    def __missing__(self, word: int) -> tuple[NDArray | None, NDArray]:
        if len(self) >= LISTS_KEPT:
            self.clear()
        postings, dense = self._postings, self._dense.get(word)
        span = slice(postings.starts.item(word), postings.starts.item(word + 1))
        found = (postings.rows[span], postings.impacts[span]) if dense is None else (None, postings.dense[dense])
        self[word] = found
        return found


def _add(some: list[tuple[NDArray, NDArray]], sums: NDArray[np.floating]) -> None:
    if some:
        rows, impacts = zip(*some, strict=True)
        np.add.at(sums, np.concatenate(rows, dtype=np.intp), np.concatenate(impacts))
