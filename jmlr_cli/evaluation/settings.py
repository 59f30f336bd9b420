"""How a question set is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jmlr_cli.questions.targets import AnswerStyle

Mode = Literal["closed", "rag", "oracle", "random"]
"""What the model reads with a question: nothing, the retrieved passages, the gold ones, or ones drawn at random."""

Normalise = Literal["mean", "sum", "pmi"]
"""How an option's likelihood is made comparable with another's; :func:`jmlr_cli.evaluation.options.compared` has the formulas."""

DEPTH = 20
"""How many passages to retrieve for a question, so that recall can be told as deep as this."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``k``: passages a prompt holds. ``scoring``: an option question is answered by the option of least
    negative log-likelihood, or by what the model writes. ``normalise``: which likelihood that is: the mean
    over the option's tokens, their sum, or the sum less that in a neutral context. ``generate``: whether free-text
    answers are written, or only their likelihood told. ``batch``: questions at a time. ``seed`` draws the passages of
    mode ``random``. ``rank_agreement``: over how many retrieved passages a question's rank agreement is measured, None
    for none; ``rank_agreement_index``: which index finds them, None for the one that is read. ``citations``: whether the
    citations of written answers are measured."""

    k: int = 5
    scoring: Literal["likelihood", "generation"] = "likelihood"
    normalise: Normalise = "mean"
    answer_style: AnswerStyle = "option"
    max_new_tokens: int = 128
    generate: bool = True
    batch: int = 8
    seed: int = 0
    rank_agreement: int | None = None
    rank_agreement_index: str | None = None
    citations: bool = False
