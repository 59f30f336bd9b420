"""Frequent words: what they add to scores is looked up for the few passages that matter, wherever that is sure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jmlr_plugins.retrievers.bm25.contenders import contenders, reached

SHARE = 1 / 3
"""Words that together change a score by no more than this share of a good one wait."""


class Frequent(NamedTuple):
    """A frequent word of a query. ``most``: the most by which it can change the difference of two scores. ``impacts``: (N,)
    what it adds to each passage's score each of the ``times`` that it stands in the query."""

    most: float
    impacts: NDArray[np.floating]
    times: int

    def added(self, rows: NDArray[np.int64] | None) -> NDArray[np.floating]:
        """What it adds to the scores of the passages ``rows`` (n,), by default of all."""
        impacts = self.impacts if rows is None else self.impacts.take(rows)
        return impacts if self.times == 1 else impacts * self.times


def with_few(
    sums: NDArray[np.floating],
    frequent: Sequence[Frequent],
    k: int,
    span: float,
    order: NDArray[np.int64],
    rows: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The places of the passages that can be among the ``k`` best, and their sums with the ``frequent`` words.

    ``sums`` (n,) is what all other words add for the passages ``rows`` (n,), by default all; it is changed. ``span`` and
    ``order`` are those of :func:`contenders`. Words that add little wait until the passages that they could lift are few:
    MaxScore (Turtle & Flood 1995, "Query evaluation: strategies and optimizations"), a word at a time. The words are always
    added in the same order, the greatest first, so that a score does not depend on ``k``.
    """
    frequent = sorted(frequent, key=lambda word: -word.most)
    level = reached(sums, k)
    at_once, waiting = _apart(frequent, SHARE * level)
    for word in at_once:
        sums += word.added(rows)
    if at_once:
        level = reached(sums, k)
    if level <= span + waiting:  # not even the best are sure to stay ahead of what has none of the other words
        return with_all(sums, frequent[len(at_once) :], k, span, order, rows)
    places = contenders(sums, k, span + waiting, order, level)
    found = sums.take(places)
    for word in frequent[len(at_once) :]:
        found += word.added(places if rows is None else rows.take(places))
    return places, found


def with_all(
    sums: NDArray[np.floating],
    frequent: Sequence[Frequent],
    k: int,
    span: float,
    order: NDArray[np.int64],
    rows: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """What :func:`with_few` returns, with every word added for every passage: less work where passages are not many."""
    for word in frequent:
        sums += word.added(rows)
    places = contenders(sums, k, span, order)
    return places, sums.take(places)


def _apart(frequent: list[Frequent], limit: float) -> tuple[list[Frequent], float]:
    """The words that are added at once: all but the last that together change a score by no more than ``limit``. And by how
    much those can."""
    total = 0.0
    for count in range(len(frequent), 0, -1):
        if total + frequent[count - 1].most > limit:
            return frequent[:count], total
        total += frequent[count - 1].most
    return [], total
