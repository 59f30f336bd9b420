"""What stands in for the language model: a passage helps as far as it holds the answer's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from jmlr_cli.contracts.values import Part, Passage, Prompt, Question
from jmlr_cli.leakage.words import grams_of, words

GRAM = 3
WITHOUT, GAIN = 2.5, 2.3
"""ℓ of a passage that holds nothing of the answer, and by how much one that holds all of it is better, in nats a token: fitted
to what SmolLM2-135M-Instruct says of 480 MedQuAD questions and passages (docs/results.md)."""


class OverlapTeacher:
    """As much of a :class:`jmlr_cli.contracts.generator.TrainableGenerator` as the retriever's side of a joint step uses."""

    def __init__(self) -> None:
        self.module = torch.nn.Module()

    def render(self, question: Question, passages: Sequence[Passage], answer: str | None = None, **_: Any) -> Prompt:
        """The passages alone: nothing else counts."""
        return Prompt(tuple(Part(passage.content) for passage in passages), answer)

    def answer_nll(self, prompts: Sequence[Prompt], **_: Any) -> torch.Tensor:
        """ℓ (n,)."""
        return torch.tensor([WITHOUT - GAIN * held(prompt.answer or "", prompt.text) for prompt in prompts])

    def catch_up(self) -> None:
        """Nothing is spread over processes."""


def held(answer: str, text: str) -> float:
    """The share of the answer's word 3-grams that ``text`` holds, 0 to 1; of a shorter answer, whether it is there."""
    wanted = words(answer)
    size = min(GRAM, len(wanted))
    return len(grams_of(wanted, size) & grams_of(words(text), size)) / len(grams_of(wanted, size)) if wanted else 0.0
