"""The answer's likelihood, marginalised over the drawn passages."""

from __future__ import annotations

import torch
from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.objective import Objective


class EMDR2Options(Section):
    """Options of ``emdr2``."""

    retriever_temperature: float = Field(1.0, gt=0, description="γ: the passages' prior is softmax(s / γ).")
    lm_temperature: float = Field(1.0, gt=0, description="β: a passage's likelihood is exp(−ℓ / β), the sharper the smaller β.")


class EMDR2(Objective):
    """``L = −log Σ_d softmax(s)_d · p(a | q, d)`` (Sachan et al. 2021, arXiv 2106.05346, section 2.3).

    p is taken per answer token, ``exp(−ℓ_d / β)``: with the product over a long answer's tokens, one passage would take
    all of the posterior. Its gradient is the prior less the posterior, so where no passage makes the answer likelier than
    another the scores stay as they are, while those of ``kl`` are drawn together.
    """

    Options = EMDR2Options
    options: EMDR2Options

    def prepare(self, scores: torch.Tensor) -> torch.Tensor:
        return scores / self.options.retriever_temperature

    def __call__(self, scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
        return -(scores.log_softmax(1) - answer_nll / self.options.lm_temperature).logsumexp(1).mean()
