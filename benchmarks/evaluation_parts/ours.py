"""Our own evaluation of the same questions, as `jmlr eval --mode closed` runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from evaluation_parts.settings import Scored
from jmlr_cli.assemble import make_generator
from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Question
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import Settings
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.questions.targets import AnswerStyle, lists_options, option_targets
from jmlr_plugins.generators.decoder import DecoderGenerator


def load_generator(model: str, dtype: str) -> DecoderGenerator:
    """The model as `jmlr` loads it, with lm-eval's prompt and without a chat template."""
    config = {"plugin": "causal-lm", "model": model, "dtype": dtype, "options": {"template": "lm-eval", "chat": "off"}}
    generator = cast(DecoderGenerator, make_generator(GeneratorConfig.model_validate(config)))
    assert generator.module is not None  # the weights are read now, not in the first round
    return generator


class Ours:
    """A generator put to the questions of a file, in one answer style, options compared by the sum over their tokens."""

    def __init__(self, generator: DecoderGenerator, questions: Path, style: str) -> None:
        self.generator, self.style = generator, cast(AnswerStyle, style)
        self.settings = Settings(answer_style=self.style, normalise="sum")
        self.every = read_questions(questions)

    def answers(self, places: Sequence[int]) -> list[Scored]:
        """Our answers to the questions at these places of the file, from 0."""
        wanted = replace(self.every, questions=tuple(self.every.questions[place] for place in places))
        results = evaluate_questions(wanted, self.generator, settings=self.settings).results
        return [Scored(result.nlls, result.chosen or "") for result in results]

    def prompts(self) -> list[str]:
        """What the model reads before the answer to every question of the file."""
        return [self._prompt(question) for question in self.every.questions]

    def _prompt(self, question: Question) -> str:
        longest = max(option_targets(question, self.style), key=len)
        return self.generator.render(question, [], longest, list_options=lists_options(self.style)).text
