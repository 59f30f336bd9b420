"""Late interaction over compressed token vectors: candidates from centroids, then MaxSim from the codes of the best of them.

Candidates come as in PLAID (Santhanam et al. 2022, arXiv 2205.09707) and WARP (Scheerer et al. 2025, arXiv 2501.17788): each
token of a question probes its nearest centroids, whose lists say which passages have a token there; a passage that has none
there counts as one at the farthest centroid probed; what the passage's shift is worth is added. MaxSim of the best candidates
needs no decoding: a token's similarity is that of its centroid and its passage's shift, plus one number out of a table for each
byte of its code. Torch alone multiplies matrices: numpy's own threads would wait for torch's, which stay awake for a while.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.colbert.codebook import CODEWORDS, Codebook, Codes
from jmlr_plugins.retrievers.colbert.fit import Fit
from jmlr_plugins.retrievers.colbert.inverted_lists import InvertedLists, write_lists
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors
from jmlr_plugins.retrievers.storage.ragged import Source
from jmlr_plugins.retrievers.storage.rows import REBUILD, Rows, read_array

CODEBOOK = "codebook.safetensors"
FIT = "fit.json"
READ = 4096
"""Passages that are read at a time while lists are written."""
DEPTH = 4
"""Candidates that are scored by their codes for each passage asked for, at least."""


class CompressedIndex:
    """The files of a compressed index, opened; codes and lists stay on disk until they are read. ``lengths`` (N,): tokens of
    each passage. ``probes``: centroids that each token of a question probes. ``rescored``: candidates that are scored by their
    codes.
    """

    def __init__(self, at: Path, probes: int, rescored: int) -> None:
        self.lengths = read_array(at / "lengths.npy").astype(np.int64)
        self.rows = Rows.read(at / "ids.json", len(self.lengths))
        self.codebook = Codebook.read(at / CODEBOOK)
        self.fit = Fit.read(at / FIT)
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self._codes = read_array(at / "codes.npy", mapped=True)
        self._centroids = read_array(at / "centroids.npy", mapped=True)
        self._shifts = read_array(at / "shifts.npy", mapped=True)
        self._lists = InvertedLists.read(at, len(self.codebook.centroids))
        if not len(self._codes) == len(self._centroids) == self._starts[-1]:
            raise DamagedError(f"the codes in {at} are not those of {self._starts[-1]} tokens", REBUILD)
        if len(self._shifts) != len(self.lengths):
            raise DamagedError(f"the shifts in {at} are not those of {len(self.lengths)} passages", REBUILD)
        self._probes = probes
        self._rescored = rescored
        self._vectors = torch.from_numpy(self.codebook.centroids.vectors)
        self._basis, self._rotation = torch.from_numpy(self.codebook.basis), torch.from_numpy(self.codebook.rotation)
        self._codewords = torch.from_numpy(self.codebook.codewords)
        self._gains, self._factors = (each[:, None] for each in self.codebook.scaling)
        self._offsets = np.arange(len(self.codebook.codewords), dtype=np.int32) * CODEWORDS

    def source(self) -> Source:
        """All passages, as what another index is made of."""
        arrays, whole = {"codes": self._codes, "centroids": self._centroids}, {"shifts": self._shifts}
        return Source(self.rows.ids, self.lengths, lambda: arrays, lambda: whole)

    def codes_of(self, rows: NDArray[np.int64]) -> Codes:
        """The codes of some passages, one after the other."""
        starts, ends = self._starts[rows].tolist(), self._starts[rows + 1].tolist()
        spans = list(map(slice, starts, ends))  # a passage at a time is copied faster than token by token
        codes, centroids = (map(array.__getitem__, [slice(0), *spans]) for array in (self._codes, self._centroids))
        return Codes(np.concatenate(list(codes)), np.concatenate(list(centroids)), self._shifts[rows], self.lengths[rows])

    def search(self, queries: TokenVectors, k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        """The ``k`` passages of highest MaxSim with each query; with ``only``, of those passages."""
        allowed = None if only is None else self.rows.among(only)
        vectors = queries.vectors.float().cpu()
        counted = queries.mask.cpu()
        return [self._search(vectors[each][counted[each]], k, allowed) for each in range(len(queries))]

    def _search(self, query: Tensor, k: int, allowed: NDArray[np.int64] | None) -> list[Match]:
        """The ``k`` best for the token vectors of one question: (n, d)."""
        if k <= 0 or not len(self.rows if allowed is None else allowed):
            return []
        similarity = self._vectors @ query.T
        rows = self._candidates(query, similarity, max(self._rescored, DEPTH * k), allowed)
        return self.rows.best(self._maxsim(query, similarity, rows), k, rows)

    def _candidates(self, query: Tensor, similarity: Tensor, count: int, allowed: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """At most ``count`` passages that promise most to a question (n, d) by their shifts and by the centroids (K, n) that its
        tokens probe; ever more centroids are probed until there are enough."""
        possible = len(self.rows) if allowed is None else len(allowed)
        if possible <= count:
            return np.arange(possible) if allowed is None else allowed
        probes = min(self._probes, len(similarity))
        while True:
            rows, promise = self._promising(similarity, probes, allowed)
            if len(rows) >= count or probes == len(similarity):
                break
            probes = min(4 * probes, len(similarity))
        promise += self._worth(rows, query)
        best = np.argpartition(-promise, min(count, len(rows)) - 1)[:count]
        return np.sort(rows[best])

    def _worth(self, rows: NDArray[np.int64], query: Tensor) -> NDArray[np.float32]:
        """What the shifts of some passages add to the sum of their similarities with the tokens of a question (n, d)."""
        along = self._basis @ query.sum(0)
        blocks = (self._shifts[rows[first : first + READ]].astype(np.float32) for first in range(0, len(rows), READ))
        return torch.cat([torch.from_numpy(block) @ along for block in blocks]).numpy()

    def _promising(
        self, similarity: Tensor, probes: int, allowed: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The passages that stand in a probed list (n,), and the sum over the question's tokens of how much their best
        centroid exceeds the farthest one probed (n,)."""
        found = similarity.topk(probes, dim=0)
        gains = (found.values - found.values[-1]).numpy()[::-1]
        centroids = np.ascontiguousarray(found.indices.numpy()[::-1])  # from the farthest to the nearest: the last to write stays
        rows, places = self._lists.of(centroids.ravel())
        if allowed is not None:
            kept = np.isin(rows, allowed, kind="table")
            rows, places = rows[kept], places[kept]
        met = np.zeros(len(self.rows), dtype=bool)
        met[rows] = True
        each = np.flatnonzero(met)
        place = np.empty(len(self.rows), dtype=np.int32)
        place[each] = np.arange(len(each))
        grid = np.zeros((len(each), centroids.shape[1]), dtype=np.float32)
        grid[place[rows], places % centroids.shape[1]] = gains.ravel()[places]
        return each, grid.sum(1)

    def _maxsim(self, query: Tensor, similarity: Tensor, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """MaxSim of a question (n, d) with some passages, from their codes: (len(rows),)."""
        codes = self.codes_of(rows)
        words, last = torch.from_numpy(codes.bytes[:, :-1] + self._offsets), codes.bytes[:, -1]
        shift = torch.from_numpy(codes.shifts.astype(np.float32)) @ (self._basis @ query.T)
        tokens = embedding_bag(words, self._table(query), mode="sum").numpy()
        tokens *= self._gains[last]
        tokens += similarity.numpy()[codes.centroids]
        tokens += np.repeat(shift.numpy(), codes.lengths, axis=0)
        tokens *= self._factors[last]
        return np.maximum.reduceat(tokens, np.cumsum(codes.lengths) - codes.lengths, axis=0).sum(1)

    def _table(self, query: Tensor) -> Tensor:
        """What each codeword adds to the similarity with each token of a question: (M * 256, n)."""
        groups = (query @ self._rotation.T).view(len(query), len(self._codewords), -1)
        return torch.einsum("mwd,nmd->mwn", self._codewords, groups).reshape(-1, len(query)).contiguous()


def finish_compressed(into: Path, codebook: Codebook, fit: Fit) -> None:
    """Write what a compressed index has beside the codes that are in ``into`` already."""
    codebook.write(into / CODEBOOK)
    fit.write(into / FIT)
    lengths = read_array(into / "lengths.npy").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    centroids = read_array(into / "centroids.npy", mapped=True)

    def tokens() -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint16]]]:
        for first in range(0, len(lengths), READ):
            last = min(first + READ, len(lengths))
            yield np.repeat(np.arange(first, last), lengths[first:last]), centroids[starts[first] : starts[last]]

    write_lists(into, tokens, len(lengths), len(codebook.centroids))
