"""The model's answers to a batch of questions, and what they are worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from jmlr_cli.contracts.generator import AnswerScore, Generator
from jmlr_cli.contracts.values import Prompt, Question
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.metrics import exact_match, token_f1
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.evaluation.settings import Settings
from jmlr_cli.evaluation.sources import Source
from jmlr_cli.questions.targets import instruction, lists_options, option_targets, read_option, target

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A question with its prompts. ``scored`` holds the answer whose likelihood is told, ``asked`` leaves room
    for the model's own; each is None where it is not wanted. ``error`` says why there is no prompt at all."""

    question: Question
    source: Source
    scored: Prompt | None = None
    asked: Prompt | None = None
    error: str = ""


def answer_batch(
    questions: Sequence[Question], sources: Sequence[Source], generator: Generator, settings: Settings
) -> list[QuestionResult]:
    """What comes of each question. Raises :class:`InputError` when the model's likelihoods are not numbers."""
    sheets = [_sheet(question, source, generator, settings) for question, source in zip(questions, sources, strict=True)]
    compared = _option_scores(sheets, generator, settings)
    single = [sheet.scored if not scores else None for sheet, scores in zip(sheets, compared, strict=True)]
    scores = _where(single, generator.answer_scores)
    texts = _where([sheet.asked for sheet in sheets], lambda prompts: generator.generate(prompts, settings.max_new_tokens))
    return [_result(*parts, settings) for parts in zip(sheets, compared, scores, texts, strict=True)]


def compares_options(question: Question, settings: Settings) -> bool:
    """Whether a question is answered by the likelihoods of its options."""
    return bool(question.options) and settings.scoring == "likelihood"


def writes_answer(question: Question, settings: Settings) -> bool:
    """Whether a question is answered by what the model writes."""
    return settings.scoring == "generation" if question.options else settings.generate


def _sheet(question: Question, source: Source, generator: Generator, settings: Settings) -> Sheet:
    style = settings.answer_style

    def rendered(answer: str | None) -> Prompt:
        shown, wanted = lists_options(style), instruction(question, style)
        return generator.render(question, source.passages, answer, list_options=shown, instruction=wanted)

    try:
        scored = rendered(_answer_text(question, settings)) if generator.scores_likelihood else None
        asked = rendered(None) if writes_answer(question, settings) else None
    except InputError as error:  # the question is longer than the model's context
        return Sheet(question, source, error=str(error))
    return Sheet(question, source, scored, asked)


def _answer_text(question: Question, settings: Settings) -> str:
    """The right answer, or the longest option where all are compared: the prompt must leave room for each."""
    if compares_options(question, settings):
        return max(option_targets(question, settings.answer_style), key=len)
    return target(question, settings.answer_style)


def _option_scores(sheets: Sequence[Sheet], generator: Generator, settings: Settings) -> list[list[AnswerScore]]:
    """The scores of each question's options, in order; none where options are not compared."""
    compared = [sheet if sheet.scored and compares_options(sheet.question, settings) else None for sheet in sheets]
    targets = [option_targets(sheet.question, settings.answer_style) for sheet in compared if sheet]
    prompts = [sheet.scored if sheet else None for sheet in compared]
    return [scores or [] for scores in _where(prompts, lambda there: generator.options_scores(there, targets))]


def _where(prompts: Sequence[Prompt | None], call: Callable[[list[Prompt]], list[T]]) -> list[T | None]:
    """``call`` on the prompts there are, its results at their places."""
    there = [prompt for prompt in prompts if prompt is not None]
    results = iter(call(there) if there else [])
    return [next(results) if prompt is not None else None for prompt in prompts]


def _result(
    sheet: Sheet, compared: list[AnswerScore], score: AnswerScore | None, text: str | None, settings: Settings
) -> QuestionResult:
    question, source = sheet.question, sheet.source
    result = QuestionResult(
        question.id,
        question.subset,
        right=question.answer_label,
        passages=tuple(passage.id for passage in source.passages),
        gold_rank=source.gold_rank,
        cut_tokens=max((prompt.cut_tokens for prompt in (sheet.scored, sheet.asked) if prompt), default=0),
        generated=text,
        error=sheet.error,
    )
    if not question.options:
        return _free_text(result, question, score)
    return _compared(result, question, compared, settings) if compared else _written(result, question, score)


def _free_text(result: QuestionResult, question: Question, score: AnswerScore | None) -> QuestionResult:
    answer, text = question.answer or "", result.generated
    return replace(
        result,
        answer_nll=_mean_nll(question, score) if score else None,
        exact_match=None if text is None else exact_match(text, answer),
        f1=None if text is None else token_f1(text, answer),
    )


def _compared(result: QuestionResult, question: Question, scores: list[AnswerScore], settings: Settings) -> QuestionResult:
    """The option of least negative log-likelihood is chosen; of equals, the first."""
    means = [_mean_nll(question, score) for score in scores]
    nlls = means if settings.normalise == "mean" else [score.nll_sum for score in scores]
    chosen = question.options[nlls.index(min(nlls))].label
    labels = [option.label for option in question.options]
    right = means[labels.index(result.right)] if result.right in labels else None
    return replace(result, chosen=chosen, correct=chosen == result.right, nlls=tuple(nlls), answer_nll=right)


def _written(result: QuestionResult, question: Question, score: AnswerScore | None) -> QuestionResult:
    chosen = read_option(result.generated, question) if result.generated is not None else None
    nll = _mean_nll(question, score) if score else None
    return replace(result, chosen=chosen, correct=chosen == result.right, answer_nll=nll)


def _mean_nll(question: Question, score: AnswerScore) -> float:
    if not math.isfinite(score.nll_sum):
        raise InputError(
            f"the model's likelihoods of question {question.id!r} are not numbers",
            "Load it with --set generator.dtype=float32; if that does not help, its weights are damaged.",
        )
    return score.nll_mean
