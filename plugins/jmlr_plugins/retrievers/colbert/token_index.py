"""The token vectors of all passages as they are, and exact MaxSim search over them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors
from jmlr_plugins.retrievers.storage.ragged import Source
from jmlr_plugins.retrievers.storage.rows import REBUILD, Rows, read_array

BLOCK_TOKENS = 32_768
QUERY_TOKENS = 256  # compared with a block at once: 32 MB of similarities
RESIDENT_BYTES = 2 << 30


class TokenIndex:
    """Passages in ``rows`` and their token vectors (T, dim) float16, ``lengths`` (N,) of each, one passage after the other."""

    def __init__(self, rows: Rows, vectors: NDArray[np.float16], lengths: NDArray[np.int64]) -> None:
        self.rows = rows
        self.lengths = lengths
        self._vectors = vectors
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._resident: dict[int, Tensor] = {}

    @classmethod
    def read(cls, at: Path) -> TokenIndex:
        """The index in ``at``; its vectors stay on disk until they are read."""
        lengths = read_array(at / "lengths.npy").astype(np.int64)
        vectors = read_array(at / "vectors.npy", mapped=True)
        if len(vectors) != lengths.sum():
            raise DamagedError(f"{at / 'vectors.npy'} holds {len(vectors)} vectors, not {lengths.sum()}", REBUILD)
        return cls(Rows.read(at / "ids.json", len(lengths)), vectors, lengths)

    @classmethod
    def empty(cls) -> TokenIndex:
        """An index without passages."""
        return cls(Rows([]), np.zeros((0, 0), dtype=np.float16), np.zeros(0, dtype=np.int64))

    def source(self) -> Source:
        """All passages, as what another index is made of."""
        return Source(self.rows.ids, self.lengths, lambda: {"vectors": self._vectors})

    def search(self, queries: TokenVectors, k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        """The ``k`` passages of highest MaxSim with each query by comparing with all of them; with ``only``, of those
        passages."""
        found: list[list[Match]] = [[]] * len(queries)
        rows = None if only is None else self.rows.among(only)
        for positions, group in _groups(queries):
            for position, scores in zip(positions, self._scores(group), strict=True):
                found[position] = self.rows.best(scores if rows is None else scores[rows], k, rows)
        return found

    def _scores(self, queries: TokenVectors) -> NDArray[np.float32]:
        """MaxSim (B, N) of every query with every passage."""
        scores = np.zeros((len(queries), len(self.rows)), dtype=np.float32)
        # A token that does not count becomes a zero vector: its best similarity is 0 and adds nothing.
        tokens = (queries.vectors.float() * queries.mask.unsqueeze(-1)).flatten(0, 1)
        for first, last in self._blocks():
            similarity = tokens @ self._block(first, last, tokens.device).T
            best = segment_max(similarity, self._starts[first : last + 1] - self._starts[first])
            scores[:, first:last] = best.view(len(queries), -1, last - first).sum(1).cpu().numpy()
        return scores

    def _blocks(self) -> Iterator[tuple[int, int]]:
        """The first and the last (exclusive) passage of each block of about ``BLOCK_TOKENS`` tokens."""
        first = 0
        while first < len(self.rows):
            last = int(np.searchsorted(self._starts, self._starts[first] + BLOCK_TOKENS, side="right")) - 1
            last = min(max(last, first + 1), len(self.rows))
            yield first, last
            first = last

    def _block(self, first: int, last: int, device: torch.device) -> Tensor:
        """The token vectors of some passages as float32, kept in memory where all of them fit."""
        if first not in self._resident:
            block = np.array(self._vectors[self._starts[first] : self._starts[last]])
            tensor = torch.from_numpy(block).to(device).float()
            if self._vectors.size * 4 > RESIDENT_BYTES:
                return tensor
            self._resident[first] = tensor
        return self._resident[first]


def _groups(queries: TokenVectors) -> Iterator[tuple[list[int], TokenVectors]]:
    """The queries in groups of like length, cut to the longest, of about ``QUERY_TOKENS`` tokens; and which they are."""
    places = torch.arange(1, queries.mask.shape[1] + 1, device=queries.mask.device)
    lengths = (queries.mask * places).amax(1).tolist()
    order = sorted(range(len(queries)), key=lambda position: -lengths[position])
    while order:
        longest = lengths[order[0]]
        step = max(1, QUERY_TOKENS // max(longest, 1))
        group, order = order[:step], order[step:]
        yield group, TokenVectors(queries.vectors[group, :longest], queries.mask[group, :longest])


def segment_max(scores: Tensor, bounds: NDArray[np.int64]) -> Tensor:
    """The largest of each row's ``scores`` (q, tokens) between one of ``bounds`` (n + 1,) and the next: (q, n)."""
    if scores.device.type == "cpu":  # several times faster there than torch's own
        return torch.from_numpy(np.maximum.reduceat(scores.numpy(), bounds[:-1], axis=1))
    return segment_max_on_device(scores, bounds)


def segment_max_on_device(scores: Tensor, bounds: NDArray[np.int64]) -> Tensor:
    """What :func:`segment_max` computes, in torch alone."""
    lengths = torch.from_numpy(np.diff(bounds)).to(scores.device)
    return torch.segment_reduce(scores.T.contiguous(), "max", lengths=lengths, axis=0).T
