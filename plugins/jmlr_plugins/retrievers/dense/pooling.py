"""Token states to one vector a text."""

from __future__ import annotations

import torch
from torch import Tensor


def pool(mode: str, states: Tensor, mask: Tensor) -> Tensor:
    """One vector (B, d) from token states (B, L, d) and their mask (B, L), 1 where there is a token.

    ``cls`` and ``lasttoken`` take the first and the last token, ``max`` the largest value of each
    dimension, ``mean`` the average, ``mean_sqrt_len`` the sum over the square root of the length,
    ``weightedmean`` the average weighted by position, counted from 1 (Muennighoff 2022, SGPT).
    """
    places = torch.arange(1, mask.shape[1] + 1, device=mask.device) * mask
    if mode in ("cls", "lasttoken"):
        first = torch.where(mask.bool(), -places, -mask.shape[1] - 1).argmax(1)
        return states[torch.arange(len(states)), first if mode == "cls" else places.argmax(1)]
    if mode == "max":
        return states.masked_fill(~mask.bool().unsqueeze(-1), float("-inf")).amax(1)
    weights = (places if mode == "weightedmean" else mask).unsqueeze(-1).to(states.dtype)
    total, norm = (states * weights).sum(1), weights.sum(1).clamp(min=1e-9)
    return total / (norm.sqrt() if mode == "mean_sqrt_len" else norm)
