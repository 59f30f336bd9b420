"""What a retriever-objective plugin implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from jmlr_cli.contracts.config import Section

if TYPE_CHECKING:
    import torch


class Objective(ABC):
    """How the language model's answer likelihoods teach the retriever.

    ``answer_reduction`` says which ℓ the loss reads: nats per answer token, or those of the whole answer.
    ``trains_generator`` says that the loss teaches the language model too, through ℓ, in place of ``L_LM``.
    """

    Options: ClassVar[type[Section]] = Section
    answer_reduction: ClassVar[Literal["mean", "sum"]] = "mean"
    trains_generator: ClassVar[bool] = False

    def __init__(self, options: dict[str, object] | None = None) -> None:
        self.options = self.Options.model_validate(options or {})

    @abstractmethod
    def prepare(self, scores: torch.Tensor) -> torch.Tensor:
        """Bring raw retriever scores ``(B, N)`` of all candidates to the scale the loss reads."""

    @abstractmethod
    def __call__(self, scores: torch.Tensor, answer_nll: torch.Tensor) -> torch.Tensor:
        """The loss of the drawn passages: a scalar, the mean over questions.

        ``scores``: (B, m) float, prepared, with gradient. ``answer_nll``: (B, m) float: the negative
        log-likelihood of the answer's tokens given each passage, reduced as ``answer_reduction`` says,
        with gradient only when the objective ``trains_generator``.
        """
