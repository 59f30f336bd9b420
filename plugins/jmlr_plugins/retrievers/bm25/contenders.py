"""Which of many scores can be among the best, when they are not known to the last bit or the last word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GROUP = 64


def contenders(
    scores: NDArray[np.floating], k: int, span: float, order: NDArray[np.int64], level: float | None = None
) -> NDArray[np.int64]:
    """The places of all ``scores`` (n,) that can be among the ``k`` best when what is missing from two of them may differ by
    ``span``. From those of 0 nothing is missing: of these, as many as may be needed, the first in ``order`` (n,).

    ``level`` is what :func:`reached` says of the scores, where that is known."""
    if k >= len(scores):
        return np.arange(len(scores))
    cut = (reached(scores, k) if level is None else level) - span
    if cut <= 0:
        unmatched = np.flatnonzero(scores == 0)
        return np.concatenate([np.flatnonzero(scores), unmatched[np.argsort(order[unmatched])[:k]]])
    places = np.flatnonzero(scores >= cut)
    found = scores.take(places)
    return places[found >= np.partition(found, len(found) - k)[len(found) - k] - span]


def reached(scores: NDArray[np.floating], k: int) -> float:
    """A score that at least ``k`` of ``scores`` (n,) reach, near the ``k``-th best: the ``k``-th best of the maxima of
    groups. Nothing is below it where ``k`` is not below n."""
    if k >= len(scores):
        return float("-inf")
    groups = len(scores) // GROUP
    if groups >= 2 * k:
        scores = scores[: groups * GROUP].reshape(GROUP, groups).max(axis=0)
    return np.partition(scores, len(scores) - k).item(len(scores) - k)
