"""A hinge on every pair of passages."""

import torch
from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.objective import Objective


class WardMarginOptions(Section):
    margin: float = Field(1.0, gt=0, description="How far the better passage should stand above the worse.")


class WardMargin(Objective):
    Options = WardMarginOptions
    options: WardMarginOptions

    def prepare(self, scores):
        return scores * 5

    def __call__(self, scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
        better = (answer_nll.unsqueeze(1) > answer_nll.unsqueeze(2)).float()  # (B, m, m): whether the row's beats the column's
        gaps = scores.unsqueeze(2) - scores.unsqueeze(1)
        return (better * (self.options.margin - gaps).clamp_min(0)).flatten(1).mean(1).mean()
