"""Token vectors in a few bytes: the number of the nearest centroid, and what is left over in two bits a dimension.

What a vector ``x`` of length one differs from its centroid is mapped so that directions matter as much as they do for scores,
divided by its own length (gain and shape apart: Sabin & Gray 1984, "Product code vector quantizers for waveform and voice
coding"), and each four dimensions become the number of one of 256 codewords (product quantisation, Jégou et al. 2011). What is
decoded is scaled to length one again, as ``x`` was. The gain and this factor share one more byte, four bits each.
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
from jmlr_plugins.retrievers.colbert.centroids import Centroids
from jmlr_plugins.retrievers.storage.rows import REBUILD

GROUP = 4
"""Dimensions that share a byte."""
CODEWORDS = 256
LEVELS = 16
"""Gains, and factors, that half a byte tells apart."""
CODED = 1 << 13
"""Vectors that are compressed at a time: few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Codes:
    """``n`` compressed vectors. ``bytes``: (n, M + 1) uint8, the codewords, then gain and factor. ``centroids``: (n,) uint16.
    ``error``: the sum of the squared distances between the vectors and what stands for them, when they were compressed."""

    bytes: NDArray[np.uint8]
    centroids: NDArray[np.uint16]
    error: float = 0.0


@dataclass(frozen=True)
class Codebook:
    """``coder``: (4 M, d), what maps a difference to what is coded. ``decoder``: (4 M, d), its transpose maps back.
    ``codewords``: (M, 256, 4). ``gains``, ``factors``: (16,) each, ascending, the lengths that what is coded may have, and what
    brings a decoded vector to length one."""

    centroids: Centroids
    coder: NDArray[np.float32]
    decoder: NDArray[np.float32]
    codewords: NDArray[np.float32]
    gains: NDArray[np.float32]
    factors: NDArray[np.float32]

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
        rest = (vectors - self.centroids.vectors[nearest]) @ self.coder.T
        gains = nearest_level(np.linalg.norm(rest, axis=1), self.gains)
        rest /= self.gains[gains, None]
        codes[:, :-1] = self._quantiser.compute_codes(rest)
        decoded = self._decoded(np.ascontiguousarray(codes[:, :-1]), nearest, self.gains[gains])
        factors = nearest_level(to_unit(decoded), self.factors)
        codes[:, -1] = gains << 4 | factors
        decoded *= self.factors[factors, None]
        decoded -= vectors
        return float(np.einsum("nd,nd->", decoded, decoded))

    def factors_of(
        self, rest: NDArray[np.float32], nearest: NDArray[np.int64], gains: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """What brings to length one what is decoded of vectors with these centroids (n,): (n,). ``rest`` (n, 4 M) times
        ``gains`` (n,) is what is coded of them."""
        return to_unit(self._decoded(self._quantiser.compute_codes(rest), nearest, gains))

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        """The vectors (n, d), of length about one, that stand for ``codes``."""
        gains, factors = self.scaling
        last = codes.bytes[:, -1]
        decoded = self._decoded(np.ascontiguousarray(codes.bytes[:, :-1]), codes.centroids.astype(np.int64), gains[last])
        return decoded * factors[last, None]

    @cached_property
    def scaling(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The gain and the factor that each value of a code's last byte stands for: (256,), (256,)."""
        return np.repeat(self.gains, LEVELS), np.tile(self.factors, LEVELS)

    def _decoded(self, codes: NDArray[np.uint8], nearest: NDArray[np.int64], gains: NDArray[np.float32]) -> NDArray[np.float32]:
        """What codewords (n, M), centroids (n,) and gains (n,) stand for before it is scaled: (n, d)."""
        rest = self._quantiser.decode(codes) @ self.decoder
        rest *= gains[:, None]
        rest += self.centroids.vectors[nearest]
        return rest

    def write(self, path: Path) -> None:
        """Write the file that :meth:`read` reads."""
        arrays = {
            "centroids": self.centroids.vectors.astype(np.float16),  # they are float16 numbers already
            "cells": self.centroids.cells,
            "starts": self.centroids.starts,
            "coder": self.coder,
            "decoder": self.decoder,
            "codewords": self.codewords,
            "gains": self.gains,
            "factors": self.factors,
        }
        write_whole(path, save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))

    @classmethod
    def read(cls, path: Path) -> Codebook:
        """Read what :meth:`write` wrote; raises :class:`DamagedError` when it cannot be read."""
        try:
            arrays = load_file(path)
            centroids = Centroids(arrays["centroids"].astype(np.float32), arrays["cells"], arrays["starts"])
            return cls(centroids, *(arrays[name] for name in ("coder", "decoder", "codewords", "gains", "factors")))
        except (OSError, SafetensorError, KeyError) as problem:
            raise DamagedError(f"the index file {path} cannot be read: {problem}", REBUILD) from problem


def to_unit(decoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """What brings vectors (n, d) to length one: (n,)."""
    return 1 / np.maximum(np.linalg.norm(decoded, axis=1), 1e-6)


def nearest_level(values: NDArray[np.floating], levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Which of ``levels``, ascending, is nearest to each of ``values`` (n,): (n,)."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values).astype(np.uint8)
