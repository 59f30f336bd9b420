"""Vectors of tokens, and late interaction over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True)
class TokenVectors:
    """The token vectors of ``B`` texts. ``vectors``: (B, L, dim). ``mask``: (B, L) bool, which tokens count."""

    vectors: Tensor
    mask: Tensor

    def __len__(self) -> int:
        return len(self.vectors)

    def rows(self, at: Tensor) -> TokenVectors:
        """The texts at these places, in this order."""
        return TokenVectors(self.vectors[at], self.mask[at])


def joined(parts: Sequence[TokenVectors]) -> TokenVectors:
    """The texts of all parts, filled up to the longest with tokens that do not count."""
    width = max(part.mask.shape[1] for part in parts)
    short = [width - part.mask.shape[1] for part in parts]
    vectors = [pad(part.vectors, (0, 0, 0, gap)) for part, gap in zip(parts, short, strict=True)]
    masks = [pad(part.mask, (0, gap)) for part, gap in zip(parts, short, strict=True)]
    return TokenVectors(torch.cat(vectors), torch.cat(masks))


def maxsim(queries: TokenVectors, passages: TokenVectors) -> Tensor:
    """``s = sum_i max_j E_q[i] . E_d[j]`` over the tokens that count (Khattab & Zaharia 2020, eq. 3).

    ``passages`` holds ``N`` passages of each of the ``B`` queries in turn. Returns (B, N) float32.
    """
    batch, length, dim = len(queries), passages.mask.shape[1], passages.vectors.shape[-1]
    with torch.autocast(queries.vectors.device.type, enabled=False):
        grouped = passages.vectors.float().view(batch, -1, length, dim)
        similarity = torch.einsum("bqd,bnld->bnql", queries.vectors.float(), grouped)
    hidden = ~passages.mask.view(batch, -1, 1, length)
    best = similarity.masked_fill(hidden, float("-inf")).max(dim=-1).values
    return best.masked_fill(~queries.mask.unsqueeze(1), 0.0).sum(-1)
