"""The paper's objective: the retriever ranks passages as the language model's answer likelihood does."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch.nn import functional

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.objective import Objective
from jmlr_cli.training.scores import min_max


class LLMRankOptions(Section):
    """Options of ``llm-rank``. The defaults are the paper's."""

    scale: float = Field(1.0, gt=0, description="Factor on the normalised scores before the loss.")
    pair_weight: Literal["none", "nll-gap"] = Field(
        "none", description="Weigh all pairs alike, or each by how far the two answer NLLs differ."
    )


class LLMRank(Objective):
    """Binary cross-entropy over all pairs of drawn passages (arXiv 2402.17887, section 3.2).

    ``y_ij`` is 1 if passage i makes the answer likelier than j does, ½ if they tie:
    ``L = mean_{i<j} BCE(σ(ŝ_i − ŝ_j), y_ij)``, with ŝ the scores brought to [−1, 1].
    """

    Options = LLMRankOptions
    options: LLMRankOptions

    def prepare(self, scores: torch.Tensor) -> torch.Tensor:
        return min_max(scores) * self.options.scale

    def __call__(self, scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
        first, second = torch.triu_indices(scores.shape[1], scores.shape[1], offset=1, device=scores.device)
        logits = scores[:, first] - scores[:, second]
        gap = answer_nll[:, second] - answer_nll[:, first]
        labels = (gap.sign() + 1) / 2
        losses = functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype), reduction="none")
        if self.options.pair_weight == "none":
            return losses.mean()
        weights = gap.abs() / gap.abs().sum(1, keepdim=True).clamp_min(1e-9)
        return (losses * weights).sum(1).mean()
