"""What a model is asked of one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Passage, Prompt, Question
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.options import neutral
from jmlr_cli.evaluation.settings import Settings
from jmlr_cli.evaluation.sources import Source
from jmlr_cli.questions.targets import instruction, lists_options, option_targets, target


@dataclass(frozen=True, slots=True)
class Sheet:
    """A question with its prompts. ``scored`` holds the answer whose likelihood is told, ``asked`` leaves room
    for the model's own, ``neutral`` asks nothing; each is None where it is not wanted. ``error`` says why there is no
    prompt at all."""

    question: Question
    source: Source
    scored: Prompt | None = None
    asked: Prompt | None = None
    neutral: Prompt | None = None
    error: str = ""


def compares_options(question: Question, settings: Settings) -> bool:
    """Whether a question is answered by the likelihoods of its options."""
    return bool(question.options) and settings.scoring == "likelihood"


def writes_answer(question: Question, settings: Settings) -> bool:
    """Whether a question is answered by what the model writes."""
    return settings.scoring == "generation" if question.options else settings.generate


def sheet_of(question: Question, source: Source, generator: Generator, settings: Settings) -> Sheet:
    """The prompts of a question; those that the generator cannot score, or the settings do not want, are left out."""

    def rendered(answer: str | None) -> Prompt:
        return answered(question, source.passages, answer, generator, settings)

    try:
        scored = rendered(_answer_text(question, settings)) if generator.scores_likelihood else None
        asked = rendered(None) if writes_answer(question, settings) else None
    except InputError as error:  # the question is longer than the model's context
        return Sheet(question, source, error=str(error))
    return Sheet(question, source, scored, asked, _neutral_prompt(question, generator, settings))


def answered(
    question: Question, passages: Sequence[Passage], answer: str | None, generator: Generator, settings: Settings
) -> Prompt:
    """The prompt that asks a question as the settings want it, with this answer or room for one."""
    style = settings.answer_style
    shown, wanted = lists_options(style), instruction(question, style)
    return generator.render(question, passages, answer, list_options=shown, instruction=wanted)


def _neutral_prompt(question: Question, generator: Generator, settings: Settings) -> Prompt | None:
    if settings.normalise != "pmi" or not compares_options(question, settings):
        return None
    return generator.render(neutral(question), (), _answer_text(question, settings), list_options=False)


def _answer_text(question: Question, settings: Settings) -> str:
    """The right answer, or the longest option where all are compared: the prompt must leave room for each."""
    if compares_options(question, settings):
        return max(option_targets(question, settings.answer_style), key=len)
    return target(question, settings.answer_style)
