"""What one forward pass of the joint step found. A batch's figures are means over its questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Ranking:
    """What the retriever learns from some questions: its loss, how far its order agrees with the language
    model's, the spread of ℓ (nats), and how many tokens were read for it."""

    loss: torch.Tensor
    agreement: torch.Tensor
    spread: torch.Tensor
    tokens: int

    @classmethod
    def of_batch(cls, parts: Sequence[Ranking], counts: Sequence[int], questions: int) -> Ranking:
        """One of several groups with ``counts`` questions each. The loss is the mean over all ``questions`` of the
        batch, of which those without a choice add nothing; agreement and spread are means over the ranked ones."""
        return cls(
            loss=_weighted([part.loss for part in parts], counts, questions),
            agreement=_weighted([part.agreement for part in parts], counts, sum(counts)),
            spread=_weighted([part.spread for part in parts], counts, sum(counts)),
            tokens=sum(part.tokens for part in parts),
        )


@dataclass(frozen=True, slots=True)
class JointLoss:
    """The losses of a batch, each the mean over its questions; None where a model is frozen or it is not its turn.

    ``loss`` is what is minimised: ``lm_loss + weight * rank_loss``. ``staleness`` is the share of the index's
    first k candidates that are not among the first k by the current scores. ``cut_tokens`` counts
    the passage tokens that did not fit the prompts read, ``tokens`` all that the language model read.
    ``orders`` are the candidates' places by the current scores, best first.
    """

    loss: torch.Tensor
    lm_loss: torch.Tensor | None
    rank_loss: torch.Tensor | None
    rank_agreement: torch.Tensor | None
    nll_spread: torch.Tensor | None
    staleness: float | None
    cut_tokens: int
    tokens: int
    orders: list[list[int]]


def _weighted(values: Sequence[torch.Tensor], counts: Sequence[int], total: int) -> torch.Tensor:
    return torch.stack([value * count for value, count in zip(values, counts, strict=True)]).sum() / total
