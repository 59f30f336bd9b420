"""Many centroids of token vectors, found and compared with in two levels: cells, and the centroids of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import faiss
import numpy as np
import torch
from numpy.typing import NDArray

ITERATIONS = 8
COARSE_SAMPLE = 256
"""Vectors for each cell that the cells are found from."""
NEIGHBOURS = 8
"""Cells whose centroids a vector is compared with: its own and those around it."""
BLOCK = 1 << 16
MOST = 127
"""The largest number that a signed byte holds, and its negative."""


@dataclass(frozen=True)
class Centroids:
    """``numbers``: (K, d) int8, those of one cell side by side, times ``steps``: (d,). ``cells``: (k, d). Cell ``c`` has those
    from ``starts[c]`` to ``starts[c + 1]``."""

    numbers: NDArray[np.int8]
    steps: NDArray[np.float32]
    cells: NDArray[np.float32]
    starts: NDArray[np.int64]

    @classmethod
    def rounded(cls, vectors: NDArray[np.float32], cells: NDArray[np.float32], starts: NDArray[np.int64]) -> Centroids:
        """Those nearest to ``vectors`` (K, d) that a byte a number tells apart."""
        steps = np.maximum(np.abs(vectors).max(axis=0), 1e-6) / MOST
        return cls(np.rint(vectors / steps).astype(np.int8), steps.astype(np.float32), cells, starts)

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def vectors(self) -> NDArray[np.float32]:
        """The centroids: (K, d)."""
        return self.numbers * self.steps

    def nearest(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """For each of ``vectors`` (n, d), of length one, the centroid of largest inner product in the cells around it: (n,)."""
        found = np.empty(len(vectors), dtype=np.int64)
        for first in range(0, len(vectors), BLOCK):
            block = torch.from_numpy(np.ascontiguousarray(vectors[first : first + BLOCK]))
            for members, centroids in self._by_cell(block):
                near = (block[members] @ self._tensor[centroids].T).numpy().argmax(1)  # torch's own takes five times as long
                found[first + members.numpy()] = centroids.numpy()[near]
        return found

    def _by_cell(self, block: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The places of the vectors that are nearest to each cell, and the centroids that they may have."""
        own = torch.from_numpy((block @ torch.from_numpy(self.cells).T).numpy().argmax(1))
        order = torch.argsort(own, stable=True)
        counts = torch.bincount(own, minlength=len(self.cells)).tolist()
        for cell, members in enumerate(order.split(counts)):
            if len(members):
                yield members, self._around[cell]

    @cached_property
    def _tensor(self) -> torch.Tensor:
        return torch.from_numpy(self.vectors)

    @cached_property
    def _around(self) -> list[torch.Tensor]:
        """The centroids in each cell and in those nearest to it."""
        near = np.argsort(-(self.cells @ self.cells.T), axis=1, kind="stable")[:, :NEIGHBOURS]
        spans = [np.arange(self.starts[cell], self.starts[cell + 1]) for cell in range(len(self.cells))]
        return [torch.from_numpy(np.concatenate([spans[other] for other in sorted(row)])) for row in near.tolist()]


def find_centroids(sample: NDArray[np.float32], count: int) -> Centroids:
    """At most ``count``, and about as many, centroids of ``sample`` (n, d), whose vectors have length one, by k-means in two
    levels: about ``sqrt(count)`` cells, then the centroids of each, as many as its share of the sample. The same sample gives the
    same ones."""
    cells = _kmeans(sample, max(1, round(count**0.5)), sample_each=COARSE_SAMPLE)
    own = Centroids.rounded(cells, cells, np.arange(len(cells) + 1)).nearest(sample)
    shares = np.bincount(own, minlength=len(cells)) / len(sample)
    fine = [_kmeans(sample[own == cell], each) for cell, each in enumerate(apportioned(count, shares))]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in fine])])
    return Centroids.rounded(np.concatenate(fine), cells, starts)


def apportioned(count: int, shares: NDArray[np.float64]) -> list[int]:
    """Of ``count``, at least one for each of ``shares`` (k,), k <= count, and not more in all."""
    numbers = np.maximum(np.rint(count * shares), 1).astype(np.int64)
    over = max(int(numbers.sum()) - count, 0)
    numbers[np.argsort(-numbers, kind="stable")[:over]] -= 1
    return numbers.tolist()


def _kmeans(points: NDArray[np.float32], count: int, sample_each: int = 1 << 20) -> NDArray[np.float32]:
    """At most ``count`` spherical k-means centroids of ``points`` (n, d), by faiss."""
    if len(points) <= count:
        return points.copy()
    found = faiss.Kmeans(
        points.shape[1],
        count,
        niter=ITERATIONS,
        spherical=True,
        seed=0,
        min_points_per_centroid=1,
        max_points_per_centroid=sample_each,
        gpu=getattr(faiss, "get_num_gpus", lambda: 0)() > 0,
    )
    found.train(np.ascontiguousarray(points))
    return found.centroids
