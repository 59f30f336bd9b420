"""A codebook from a sample of the vectors that it is for."""

from __future__ import annotations

from dataclasses import replace

import faiss
import numpy as np
from numpy.typing import NDArray

from jmlr_plugins.retrievers.colbert.centroids import find_centroids
from jmlr_plugins.retrievers.colbert.codebook import CODEWORDS, GROUP, LEVELS, Codebook, nearest_level
from jmlr_plugins.retrievers.colbert.products import times
from jmlr_plugins.retrievers.colbert.shifts import mean_of_each, shift_basis, shifts_of, vectors_of

QUANTISER_SAMPLE = 1 << 16
"""Vectors of the sample, at least, whose differences from their centroids are looked at; more do not make codes better."""
COVERED = (0.001, 0.999)
"""The quantiles of the sample's gains and factors that are the lowest and the highest level."""


def train_codebook(sample: NDArray[np.float32], lengths: NDArray[np.integer], count: int) -> Codebook:
    """A codebook with about ``count`` centroids from ``sample`` (n, d), the vectors of length one of passages that have
    ``lengths`` (N,) each."""
    centroids = find_centroids(sample, count)
    some, lengths = every_nth(sample, lengths, max(1, len(sample) // QUANTISER_SAMPLE))
    base = centroids.vectors[centroids.nearest(some)]
    rest: NDArray[np.float32] = some - base
    basis = shift_basis(mean_of_each(rest, lengths), round(len(some) / len(lengths)))
    shift = np.repeat(vectors_of(shifts_of(rest, lengths, basis), basis), lengths, axis=0)
    base += shift
    rest -= shift
    sizes = np.linalg.norm(rest, axis=1)
    gains = np.geomspace(*_range(sizes), LEVELS).astype(np.float32)
    own: NDArray[np.float32] = gains[nearest_level(sizes, gains)]
    rest /= own[:, None]
    rotation = balanced_rotation(rest)
    rest = times(rest, rotation.T)
    flat = np.ones(LEVELS, dtype=np.float32)
    book = Codebook(centroids, basis, rotation, _codewords(rest), gains, flat)
    return replace(book, factors=np.linspace(*_range(book.factors_of(rest, base, own)), LEVELS).astype(np.float32))


def every_nth(
    vectors: NDArray[np.float32], lengths: NDArray[np.integer], step: int
) -> tuple[NDArray[np.float32], NDArray[np.integer]]:
    """The vectors of every ``step``-th passage, and the lengths of these; ``vectors`` (n, d) are of ``lengths`` (N,)."""
    kept = np.arange(len(lengths)) % step == 0
    return vectors[np.repeat(kept, lengths)], lengths[kept]


def _range(values: NDArray[np.floating]) -> tuple[float, float]:
    """The least and the greatest of positive ``values`` (n,), without the few that lie far off."""
    low, high = np.maximum(np.quantile(values, COVERED), 1e-6).tolist()
    return low, high


def balanced_rotation(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The principal axes of ``vectors`` (n, d) in groups of at most four, whose variances have like products: (4 M, d), with
    rows of zeros where a group has fewer. Rows are orthonormal, so inner products stay."""
    mean = vectors.mean(0, dtype=np.float64)
    second_moment = (vectors.T @ vectors).astype(np.float64) / len(vectors)
    variances, axes = np.linalg.eigh(second_moment - np.outer(mean, mean))
    size = len(variances)
    groups: list[list[int]] = [[] for _ in range(-(-size // GROUP))]
    products = np.zeros(len(groups))
    logs = np.log(np.maximum(variances, max(variances[-1] * 1e-9, 1e-12)))
    logs -= logs.min() - 1e-3
    for axis in range(size - 1, -1, -1):
        least = min((g for g in range(len(groups)) if len(groups[g]) < GROUP), key=products.__getitem__)
        groups[least].append(axis)
        products[least] += logs[axis]
    rotation = np.zeros((len(groups) * GROUP, size), dtype=np.float32)
    for number, group in enumerate(groups):
        rotation[number * GROUP : number * GROUP + len(group)] = axes[:, group].T
    return rotation


def _codewords(rotated: NDArray[np.float32]) -> NDArray[np.float32]:
    """The 256 codewords of each group of dimensions: (M, 256, 4), by faiss."""
    width = rotated.shape[1]
    if len(rotated) < CODEWORDS:  # faiss wants at least as many
        rotated = np.resize(rotated, (CODEWORDS, width))
    quantiser = faiss.ProductQuantizer(width, width // GROUP, 8)
    quantiser.cp.seed, quantiser.cp.min_points_per_centroid = 0, 1
    quantiser.train(np.ascontiguousarray(rotated))
    return faiss.vector_to_array(quantiser.centroids).reshape(-1, CODEWORDS, GROUP)
