"""Distil the language model's preference among passages into the retriever."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.objective import Objective


class KLOptions(Section):
    """Options of ``kl``."""

    retriever_temperature: float = Field(1.0, gt=0, description="γ: the retriever's distribution is softmax(s / γ).")
    lm_temperature: float = Field(1.0, gt=0, description="β: the language model's distribution is softmax(−ℓ / β).")
    direction: Literal["pdist", "replug"] = Field(
        "pdist", description="pdist: KL(LM ‖ retriever), as Atlas; replug: KL(retriever ‖ LM), as REPLUG-LSR."
    )


class KLDistillation(Objective):
    """Kullback-Leibler divergence between softmax(s / γ) and softmax(−ℓ / β) over the drawn passages.

    Atlas's perplexity distillation (Izacard et al. 2022, arXiv 2208.03299, section 2.2) and
    REPLUG-LSR (Shi et al. 2023, arXiv 2301.12652, section 4), which differ in its direction.
    """

    Options = KLOptions
    options: KLOptions

    def prepare(self, scores: torch.Tensor) -> torch.Tensor:
        return scores / self.options.retriever_temperature

    def __call__(self, scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
        retriever = scores.log_softmax(1)
        model = (-answer_nll / self.options.lm_temperature).log_softmax(1)
        here, there = (model, retriever) if self.options.direction == "pdist" else (retriever, model)
        return (here.exp() * (here - there)).sum(1).mean()
