"""A codebook from a sample of the vectors that it is for."""

from __future__ import annotations

from dataclasses import replace

import faiss
import numpy as np
from numpy.typing import NDArray

from jmlr_plugins.retrievers.colbert.centroids import Centroids, find_centroids
from jmlr_plugins.retrievers.colbert.codebook import CODEWORDS, GROUP, LEVELS, Codebook, nearest_level

QUANTISER_SAMPLE = 1 << 16
"""Vectors of the sample, at least, whose differences from their centroids are looked at; more do not make codes better."""
POWER = 0.5
"""How much more an error counts in directions that token vectors share: 0 is not at all, and 1 as much as in the score of a
question whose tokens are like the passages' but have nothing to do with the one compared. Where they have, as those that a
passage is found by, errors in all directions matter; 0.5 is best for them."""
SMALLEST = 1e-4
"""The least share of the largest second moment that a direction is taken to have."""
COVERED = (0.001, 0.999)
"""The quantiles of the sample's gains and factors that are the lowest and the highest level."""


def train_codebook(sample: NDArray[np.float32], count: int) -> Codebook:
    """A codebook with about ``count`` centroids from ``sample`` (n, d), vectors of length one."""
    found = find_centroids(sample, count)
    # what is on disk later is what residuals are taken from now
    centroids = Centroids(found.vectors.astype(np.float16).astype(np.float32), found.cells, found.starts)
    some = sample[:: max(1, len(sample) // QUANTISER_SAMPLE)]
    nearest = centroids.nearest(some)
    weighing, back = weighings(some)
    rest: NDArray[np.float32] = np.subtract(some, centroids.vectors[nearest]) @ weighing
    lengths = np.linalg.norm(rest, axis=1)
    gains = np.geomspace(*_range(lengths), LEVELS).astype(np.float32)
    own: NDArray[np.float32] = gains[nearest_level(lengths, gains)]
    rest /= own[:, None]
    rotation = balanced_rotation(rest)
    rest = rest @ rotation.T
    flat = np.ones(LEVELS, dtype=np.float32)
    book = Codebook(centroids, rotation @ weighing, rotation @ back, _codewords(rest), gains, flat)
    return replace(book, factors=np.linspace(*_range(book.factors_of(rest, nearest, own)), LEVELS).astype(np.float32))


def weighings(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A symmetric map (d, d) that makes what matters in a score the length, and the map back.

    An error ``e`` of a token vector changes its similarity with the tokens ``q`` of questions by ``e' E[q q'] e`` in the mean
    square (the score-aware loss of Guo et al. 2020, arXiv 1908.10396, without its part along the vector, which scaling to
    length one leaves next to nothing of). They come from the same encoder, so ``E[q q']`` is taken from ``vectors`` (n, d), and
    the first map is this matrix to the power ``POWER / 2``."""
    moments, axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64) / len(vectors))
    weights = np.maximum(moments, SMALLEST * moments[-1]) ** (POWER / 2)
    return ((axes * weights) @ axes.T).astype(np.float32), ((axes / weights) @ axes.T).astype(np.float32)


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
