"""Which of many approximate scores can be among the best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GROUP = 64


def contenders(scores: NDArray[np.floating], k: int, slack: float, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of all ``scores`` (n,) that can be among the ``k`` best when each may be off by ``slack``, but those of 0,
    which are exact: of these, as many as may be needed, the first in ``order`` (n,)."""
    if k >= len(scores):
        return np.arange(len(scores))
    cut = _reached(scores, k) - 2 * slack
    if cut <= 0:
        unmatched = np.flatnonzero(scores == 0)
        return np.concatenate([np.flatnonzero(scores), unmatched[np.argsort(order[unmatched])[:k]]])
    places = np.flatnonzero(scores >= cut)
    found = scores[places]
    return places[found >= np.partition(found, len(found) - k)[len(found) - k] - 2 * slack]


def _reached(scores: NDArray[np.floating], k: int) -> float:
    """A score that at least ``k`` reach, near the ``k``-th best: the ``k``-th best of the maxima of groups."""
    groups = len(scores) // GROUP
    if groups >= 2 * k:
        scores = scores[: groups * GROUP].reshape(GROUP, groups).max(axis=0)
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])
