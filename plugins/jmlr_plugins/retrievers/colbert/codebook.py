"""Token vectors in a few bytes: the number of the nearest centroid, and what is left over in two bits a dimension.

What the tokens of one passage differ from their centroids by has a part in common, the passage's shift, which is kept once, in
a byte a number. What is left of a vector ``x`` of length one is rotated and divided by its own length (gain and shape apart:
Sabin & Gray 1984, "Product code vector quantizers for waveform and voice coding"), and each four dimensions become the number of
one of 256 codewords (product quantisation, Jégou et al. 2011). What is decoded is scaled to length one again, as ``x`` was. The
gain and this factor share one more byte, four bits each.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from jmlr_plugins.retrievers.colbert.products import times
from jmlr_plugins.retrievers.colbert.shifts import shifts_of, vectors_of
from jmlr_plugins.retrievers.storage.rows import REBUILD

GROUP = 4
"""Dimensions that share a byte."""
CODEWORDS = 256
LEVELS = 16
"""Gains, and factors, that half a byte tells apart."""
CODED = 1 << 13
"""Vectors, about, that are compressed at a time: few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Codes:
    """``N`` compressed passages of ``n`` vectors in all. ``bytes``: (n, M + 1) uint8, the codewords, then gain and factor.
    ``centroids``: (n,) uint16. ``shifts``: (N, L) int8. ``lengths``: (N,), the vectors of each passage. ``error``: the sum of
    the squared distances between the vectors and what stands for them, when they were compressed."""

    bytes: NDArray[np.uint8]
    centroids: NDArray[np.uint16]
    shifts: NDArray[np.int8]
    lengths: NDArray[np.integer]
    error: float = 0.0


@dataclass(frozen=True)
class Codebook:
    """``basis``: (L, d), a shift's numbers times this is what it shifts by. ``rotation``: (4 M, d), what turns a difference into
    what is coded; its transpose turns back. ``codewords``: (M, 256, 4). ``gains``, ``factors``: (16,) each, ascending, the
    lengths that what is coded may have, and what brings a decoded vector to length one."""

    centroids: Centroids
    basis: NDArray[np.float32]
    rotation: NDArray[np.float32]
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

    def encode(self, vectors: NDArray[np.floating], lengths: NDArray[np.integer]) -> Codes:
        """Compress vectors (n, d) of length one, ``lengths`` (N,) of each passage, which has at least one."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        nearest = self.centroids.nearest(vectors)
        codes = np.empty((len(vectors), self.width), dtype=np.uint8)
        shifts = np.empty((len(lengths), len(self.basis)), dtype=np.int8)
        error = 0.0
        for passages, tokens in _blocks(np.asarray(lengths)):
            base = self.centroids.vectors[nearest[tokens]]
            shifts[passages] = shifts_of(vectors[tokens] - base, lengths[passages], self.basis)
            base += np.repeat(self.shift(shifts[passages]), lengths[passages], axis=0)
            error += self._encode(vectors[tokens], base, codes[tokens])
        return Codes(codes, nearest.astype(np.uint16), shifts, np.asarray(lengths), error)

    def _encode(self, vectors: NDArray[np.float32], base: NDArray[np.float32], codes: NDArray[np.uint8]) -> float:
        """Fill ``codes`` (n, M + 1) for vectors (n, d) with the centroids and shifts ``base`` (n, d); the sum of their squared
        errors."""
        rest = times(vectors - base, self.rotation.T)
        gains = nearest_level(np.linalg.norm(rest, axis=1), self.gains)
        rest /= self.gains[gains, None]
        codes[:, :-1] = self._quantiser.compute_codes(rest)
        decoded = self._decoded(np.ascontiguousarray(codes[:, :-1]), base, self.gains[gains])
        factors = nearest_level(to_unit(decoded), self.factors)
        codes[:, -1] = gains << 4 | factors
        decoded *= self.factors[factors, None]
        decoded -= vectors
        return float(np.einsum("nd,nd->", decoded, decoded))

    def factors_of(self, rest: NDArray[np.float32], base: NDArray[np.float32], gains: NDArray[np.float32]) -> NDArray[np.float32]:
        """What brings to length one what is decoded of vectors with these centroids and shifts (n, d): (n,). ``rest`` (n, 4 M)
        times ``gains`` (n,) is what is coded of them."""
        return to_unit(self._decoded(self._quantiser.compute_codes(rest), base, gains))

    def decode(self, codes: Codes) -> NDArray[np.float32]:
        """The vectors (n, d), of length about one, that stand for ``codes``."""
        gains, factors = self.scaling
        last = codes.bytes[:, -1]
        base = self.centroids.vectors[codes.centroids] + np.repeat(self.shift(codes.shifts), codes.lengths, axis=0)
        return self._decoded(np.ascontiguousarray(codes.bytes[:, :-1]), base, gains[last]) * factors[last, None]

    def shift(self, shifts: NDArray[np.int8]) -> NDArray[np.float32]:
        """What shifts (N, L) stand for: (N, d)."""
        return vectors_of(shifts, self.basis)

    @cached_property
    def scaling(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The gain and the factor that each value of a code's last byte stands for: (256,), (256,)."""
        return np.repeat(self.gains, LEVELS), np.tile(self.factors, LEVELS)

    def _decoded(self, codes: NDArray[np.uint8], base: NDArray[np.float32], gains: NDArray[np.float32]) -> NDArray[np.float32]:
        """What codewords (n, M), centroids with shifts (n, d) and gains (n,) stand for before it is scaled: (n, d)."""
        rest = times(self._quantiser.decode(codes), self.rotation)
        rest *= gains[:, None]
        rest += base
        return rest

    def write(self, path: Path) -> None:
        """Write the file that :meth:`read` reads."""
        arrays = {
            "centroids": self.centroids.numbers,
            "steps": self.centroids.steps,
            "cells": self.centroids.cells,
            "starts": self.centroids.starts,
            "basis": self.basis,
            "rotation": self.rotation,
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
            centroids = Centroids(*(arrays[name] for name in ("centroids", "steps", "cells", "starts")))
            return cls(centroids, *(arrays[name] for name in ("basis", "rotation", "codewords", "gains", "factors")))
        except (OSError, SafetensorError, KeyError) as problem:
            raise DamagedError(f"the index file {path} cannot be read: {problem}", REBUILD) from problem


def to_unit(decoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """What brings vectors (n, d) to length one: (n,)."""
    return 1 / np.maximum(np.linalg.norm(decoded, axis=1), 1e-6)


def nearest_level(values: NDArray[np.floating], levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Which of ``levels``, ascending, is nearest to each of ``values`` (n,): (n,)."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, values).astype(np.uint8)


def _blocks(lengths: NDArray[np.integer]) -> Iterator[tuple[slice, slice]]:
    """Passages, about ``CODED`` tokens of them at a time, and their tokens, as slices."""
    ends = np.cumsum(lengths, dtype=np.int64)
    first = start = 0
    while first < len(ends):
        last = max(first + 1, int(np.searchsorted(ends, start + CODED, side="right")))
        end = int(ends[last - 1])
        yield slice(first, last), slice(start, end)
        first, start = last, end
