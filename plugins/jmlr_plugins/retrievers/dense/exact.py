"""Exact search: queries compared with every vector, or with chosen ones, block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 1 << 14
QUERIES = 256
"""Vectors and queries compared at once: 16 MB of scores."""


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The ``count`` largest inner products of each of ``queries`` (B, d) with ``vectors`` (N, d), or with those in
    ``rows`` (n,) alone, the largest first, and the rows that they belong to: both (B, count), ``count`` not above N or n."""
    groups = [_nearest(queries[start : start + QUERIES], vectors, count, rows) for start in range(0, len(queries), QUERIES)]
    return np.concatenate([scores for scores, _ in groups]), np.concatenate([found for _, found in groups])


def _nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    scores, found = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    for start in range(0, len(vectors if rows is None else rows), ROWS):
        block = vectors[start : start + ROWS] if rows is None else vectors[rows[start : start + ROWS]]
        products = queries @ block.T
        places = _largest(products, count)
        own = places + start if rows is None else rows[places + start]
        scores, found = np.hstack([scores, np.take_along_axis(products, places, 1)]), np.hstack([found, own])
        if scores.shape[1] > 2 * count:
            scores, found = _ordered(scores, found, count)
    return _ordered(scores, found, count)


def _largest(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The places of the ``count`` largest of each row, in no order."""
    width = scores.shape[1]
    if count >= width:
        return np.broadcast_to(np.arange(width), scores.shape)
    return np.argpartition(scores, width - count, axis=1)[:, width - count :]


def _ordered(scores: NDArray[np.float32], found: NDArray[np.int64], count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    order = np.argsort(-scores, axis=1)[:, :count]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(found, order, 1)
