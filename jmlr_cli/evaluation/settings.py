"""How a question set is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jmlr_cli.questions.targets import AnswerStyle

Mode = Literal["closed", "rag", "oracle"]
"""What the model reads with a question: nothing, the retrieved passages, or the gold ones."""

DEPTH = 20
"""How many passages to retrieve for a question, so that recall can be told as deep as this."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``k``: passages a prompt holds. ``scoring``: an option question is answered by the option of least
    negative log-likelihood, or by what the model writes. ``normalise``: an option's likelihood is the mean
    over its tokens or their sum. ``generate``: whether free-text answers are written, or only their
    likelihood told. ``batch``: questions at a time."""

    k: int = 5
    scoring: Literal["likelihood", "generation"] = "likelihood"
    normalise: Literal["mean", "sum"] = "mean"
    answer_style: AnswerStyle = "option"
    max_new_tokens: int = 128
    generate: bool = True
    batch: int = 8
