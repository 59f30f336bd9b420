"""Token vectors in a few bytes: the number of the nearest centroid, and what is left over in two bits a dimension.

What a vector ``x`` of length one differs from its centroid is divided by the spread of that centroid's vectors, rotated so
that every four dimensions carry about as much of it, and each four dimensions become the number of one of 256 codewords
(product quantisation, Jégou et al. 2011, with the rotation of Ge et al. 2013's parametric solution). What is decoded is
scaled to length one again, as ``x`` was, and that factor takes one more byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_whole
from jmlr_plugins.retrievers.colbert.centroids import BLOCK, Centroids, find_centroids
from jmlr_plugins.retrievers.storage.rows import REBUILD

GROUP = 4
"""Dimensions that share a byte."""
CODEWORDS = 256
QUANTISER_SAMPLE = 1 << 16
CODED = 1 << 13
"""Vectors that are compressed at a time: few enough to stay in the processor's cache."""
PRIOR = 10.0
"""Vectors' worth of the overall spread in the estimate of one centroid's."""
FACTORS = (0.9, 1.4)
"""The smallest and the largest factor that a byte holds; those outside are cut to it."""


@dataclass(frozen=True)
class Codes:
    """``n`` compressed vectors. ``bytes``: (n, M + 1) uint8, the codewords and then the factor. ``centroids``: (n,) uint16.
    ``error``: the sum of the squared distances between the vectors and what stands for them, when they were compressed."""

    bytes: NDArray[np.uint8]
    centroids: NDArray[np.uint16]
    error: float = 0.0


@dataclass(frozen=True)
class Codebook:
    """``scales``: (K,), the spread around each centroid. ``rotation``: (4 M, d). ``codewords``: (M, 256, 4)."""

    centroids: Centroids
    scales: NDArray[np.float32]
    rotation: NDArray[np.float32]
    codewords: NDArray[np.float32]

    @property
    def width(self) -> int:
        """Bytes of a code without its centroid."""
        return len(self.codewords) + 1

    @cached_property
    def _quantiser(self) -> faiss.ProductQuantizer:
        quantiser = faiss.ProductQuantizer(len(self.codewords) * GROUP, len(self.codewords), 8)
        faiss.copy_array_to_vector(np.ascontiguousarray(self.codewords).ravel(), quantiser.centroids)
        return quantiser

    def encode(self, vectors: NDArray[np.floating]) -> Codes:
        """Compress vectors (n, d) of length one."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        nearest = self.centroids.nearest(vectors)
        codes, error = np.empty((len(vectors), self.width), dtype=np.uint8), 0.0
        for first in range(0, len(vectors), CODED):
            block = slice(first, first + CODED)
            error += self._encode(vectors[block], nearest[block], codes[block])
        return Codes(codes, nearest.astype(np.uint16), error)

    def _encode(self, vectors: NDArray[np.float32], nearest: NDArray[np.int64], codes: NDArray[np.uint8]) -> float:
        """Fill ``codes`` (n, M + 1) for vectors (n, d) with their centroids (n,); the sum of their squared errors."""
        rest = (vectors - self.centroids.vectors[nearest]) / self.scales[nearest, None]
        codes[:, :-1] = self._quantiser.compute_codes(np.ascontiguousarray(rest @ self.rotation.T))
        decoded = self._decoded(np.ascontiguousarray(codes[:, :-1]), nearest)
        factors = 1 / np.maximum(np.linalg.norm(decoded, axis=1), 1e-6)
        codes[:, -1] = to_byte(factors)
        cosines = np.einsum("nd,nd->n", vectors, decoded) * factors
        return float((2 - 2 * cosines).sum())

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        """The vectors (n, d), of length one, that stand for ``codes``."""
        decoded = self._decoded(np.ascontiguousarray(codes.bytes[:, :-1]), codes.centroids.astype(np.int64))
        return decoded * from_byte(codes.bytes[:, -1])[:, None]

    def _decoded(self, codes: NDArray[np.uint8], nearest: NDArray[np.int64]) -> NDArray[np.float32]:
        rest = self._quantiser.decode(codes) @ self.rotation
        return rest * self.scales[nearest, None] + self.centroids.vectors[nearest]

    def write(self, path: Path) -> None:
        """Write the file that :meth:`read` reads."""
        arrays = {
            "centroids": self.centroids.vectors.astype(np.float16),  # they are float16 numbers already
            "cells": self.centroids.cells,
            "starts": self.centroids.starts,
            "scales": self.scales,
            "rotation": self.rotation,
            "codewords": self.codewords,
        }
        write_whole(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))

    @classmethod
    def read(cls, path: Path) -> Codebook:
        """Read what :meth:`write` wrote; raises :class:`DamagedError` when it cannot be read."""
        try:
            arrays = load_file(path)
            centroids = Centroids(arrays["centroids"].astype(np.float32), arrays["cells"], arrays["starts"])
            return cls(centroids, arrays["scales"], arrays["rotation"], arrays["codewords"])
        except (OSError, SafetensorError, KeyError) as problem:
            raise DamagedError(f"the index file {path} cannot be read: {problem}", REBUILD) from problem


def train_codebook(sample: NDArray[np.float32], count: int) -> Codebook:
    """A codebook with about ``count`` centroids from ``sample`` (n, d), vectors of length one. ``sample`` is used up: what is
    left over takes its place, for it is most of the memory."""
    found = find_centroids(sample, count)
    # what is on disk later is what residuals are taken from now
    centroids = Centroids(found.vectors.astype(np.float16).astype(np.float32), found.cells, found.starts)
    nearest = centroids.nearest(sample)
    blocks = [slice(first, first + BLOCK) for first in range(0, len(sample), BLOCK)]
    for block in blocks:
        sample[block] -= centroids.vectors[nearest[block]]
    scales = _spreads(sample, nearest, len(centroids.vectors))
    for block in blocks:
        sample[block] /= scales[nearest[block], None]
    rotation = balanced_rotation(sample)
    codewords = _codewords(sample[:: max(1, len(sample) // QUANTISER_SAMPLE)] @ rotation.T)
    return Codebook(centroids, scales, rotation, codewords)


def _spreads(rest: NDArray[np.float32], nearest: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """The root mean square length of what is left over around each centroid: (count,)."""
    energy = np.einsum("nd,nd->n", rest, rest)
    members = np.bincount(nearest, minlength=count)
    total = np.bincount(nearest, energy, minlength=count)
    return np.sqrt(np.maximum((total + PRIOR * energy.mean()) / (members + PRIOR), 1e-12)).astype(np.float32)


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


def to_byte(factors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Factors (n,) as whole numbers from 0 to 255."""
    low, high = FACTORS
    return np.rint((np.clip(factors, low, high) - low) * (255 / (high - low))).astype(np.uint8)


def from_byte(numbers: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What :func:`to_byte` made whole numbers of."""
    low, high = FACTORS
    return (low + numbers.astype(np.float32) * ((high - low) / 255)).astype(np.float32)
