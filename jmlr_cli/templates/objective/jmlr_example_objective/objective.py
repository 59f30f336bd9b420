"""The retriever learns to choose as the language model does."""

from __future__ import annotations

import torch
from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.objective import Objective


class ExampleObjectiveOptions(Section):
    temperature: float = Field(1.0, gt=0, description="How evenly the language model's choice is spread over the passages.")


class ExampleObjective(Objective):
    """``L = −Σ_d softmax(−ℓ / temperature)_d · log softmax(s)_d``, the mean over questions."""

    Options = ExampleObjectiveOptions
    options: ExampleObjectiveOptions

    def prepare(self, scores: torch.Tensor) -> torch.Tensor:
        return scores

    def __call__(self, scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
        wanted = (-answer_nll / self.options.temperature).softmax(1)
        return -(wanted * scores.log_softmax(1)).sum(1).mean()
