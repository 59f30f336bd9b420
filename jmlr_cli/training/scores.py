"""The small mathematics of the joint step."""

from __future__ import annotations

from collections.abc import Sequence

import torch

EPSILON = 1e-6


def min_max(scores: torch.Tensor) -> torch.Tensor:
    """Bring each row of ``scores`` (B, N) to [−1, 1]: ``ŝ = 2 (s − min s) / (max s − min s + ε) − 1``.

    Equal scores all become −1; nothing divides by zero.
    """
    low, high = scores.amin(1, keepdim=True), scores.amax(1, keepdim=True)
    return 2 * (scores - low) / (high - low + EPSILON) - 1


def draw(scores: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw ``count`` columns of each row without replacement, from the softmax of ``scores`` (B, N).

    Returns indices (B, count). ``generator`` lives on the CPU, so that every device draws the same.
    """
    weights = scores.detach().float().cpu().softmax(1)
    return torch.multinomial(weights, count, replacement=False, generator=generator).to(scores.device)


def rank_agreement(scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
    """The share of passage pairs which both order alike: the higher score has the lower NLL.

    ``scores`` and ``answer_nll``: (B, m). A tie on either side counts ½. Returns a scalar.
    """
    first, second = torch.triu_indices(scores.shape[1], scores.shape[1], offset=1, device=scores.device)
    by_score = (scores[:, first] - scores[:, second]).sign()
    by_model = (answer_nll[:, second] - answer_nll[:, first]).sign()
    return ((by_score * by_model + 1) / 2).mean()


def staleness(orders: Sequence[Sequence[int]], k: int) -> float:
    """How far the stored order of candidates has aged: 1 − |stored top-k ∩ fresh top-k| / k, the mean over questions.

    Each of ``orders`` holds a question's candidates, numbered as they were stored, in their fresh order. At least
    one is compared, and questions without candidates are left out. 0.0 when nothing moved.
    """
    shares = [left_behind(range(depth), order[:depth]) for order in orders if (depth := min(max(k, 1), len(order)))]
    return sum(shares) / len(shares) if shares else 0.0


def left_behind(old: Sequence[object], new: Sequence[object]) -> float:
    """The share of ``old`` that is not in ``new``: 1 − |old ∩ new| / |old|."""
    return 1 - len({*old} & {*new}) / max(len(old), 1)
