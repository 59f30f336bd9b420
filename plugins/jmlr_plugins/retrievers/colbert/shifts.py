"""Shifts: what the tokens of a passage differ from their centroids by on average, in a byte a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jmlr_plugins.retrievers.colbert.centroids import MOST
from jmlr_plugins.retrievers.colbert.products import times

COVERED = 0.999
"""The share of the numbers of shifts that are not cut off."""


def shift_basis(means: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """What the numbers of a shift, from -127 to 127, are multiplied with: (L, d), orthogonal. The principal axes of ``means``
    (N, d), the largest first, at most ``most`` of them, so that shifts take no more than a byte for each of as many tokens."""
    _, axes = np.linalg.eigh(times(means.T, means).astype(np.float64))
    kept = axes[:, ::-1][:, : max(1, most)].T.astype(np.float32)
    largest = float(np.quantile(np.abs(times(means, kept.T)), COVERED))
    return kept * (max(largest, 1e-6) / MOST)


def shifts_of(differences: NDArray[np.float32], lengths: NDArray[np.integer], basis: NDArray[np.float32]) -> NDArray[np.int8]:
    """The shifts (N, L) of passages that have ``lengths`` (N,) tokens each, which differ from their centroids by
    ``differences`` (n, d). Rows of ``basis`` (L, d) are orthogonal."""
    along = times(mean_of_each(differences, lengths), (basis / np.einsum("ld,ld->l", basis, basis)[:, None]).T)
    return np.rint(along).clip(-MOST, MOST).astype(np.int8)


def vectors_of(shifts: NDArray[np.int8], basis: NDArray[np.float32]) -> NDArray[np.float32]:
    """What shifts (N, L) stand for: (N, d)."""
    return times(shifts.astype(np.float32), basis)


def mean_of_each(values: NDArray[np.float32], lengths: NDArray[np.integer]) -> NDArray[np.float32]:
    """The means (N, d) of ``lengths`` (N,) rows of ``values`` (n, d), at least one, in turn."""
    sums: NDArray[np.float32] = np.add.reduceat(values, np.cumsum(lengths) - lengths, axis=0)
    sums /= lengths[:, None]
    return sums
