"""The model's answers to a batch of questions, and what they are worth."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from jmlr_cli.contracts.generator import AnswerScore, Generator
from jmlr_cli.contracts.values import Prompt, Question
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.metrics import exact_match, rouge_l, token_f1
from jmlr_cli.evaluation.options import compared, least
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.settings import Normalise, Settings
from jmlr_cli.evaluation.sheets import Sheet, compares_options, sheet_of
from jmlr_cli.evaluation.sources import Source
from jmlr_cli.questions.targets import option_targets, read_option

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """The likelihoods of a question's options, in their order: after the question, and after the neutral context."""

    asked: list[AnswerScore]
    neutral: list[AnswerScore]


def answer_batch(
    questions: Sequence[Question], sources: Sequence[Source], generator: Generator, settings: Settings
) -> list[QuestionResult]:
    """What comes of each question. Raises :class:`InputError` when the model's likelihoods are not numbers."""
    sheets = [sheet_of(question, source, generator, settings) for question, source in zip(questions, sources, strict=True)]
    options = _option_scores(sheets, generator, settings)
    single = [sheet.scored if each is None else None for sheet, each in zip(sheets, options, strict=True)]
    scores = _where(single, generator.answer_scores)
    texts = _where([sheet.asked for sheet in sheets], lambda prompts: generator.generate(prompts, settings.max_new_tokens))
    return [_result(*parts, settings) for parts in zip(sheets, options, scores, texts, strict=True)]


def _option_scores(sheets: Sequence[Sheet], generator: Generator, settings: Settings) -> list[Options | None]:
    """The scores of each question's options; None where options are not compared."""

    def scores(prompts: Iterable[Prompt | None]) -> list[list[AnswerScore] | None]:
        wanted = [(sheet.question, prompt) for sheet, prompt in zip(sheets, prompts, strict=True)]
        asked = [(prompt, option_targets(question, settings.answer_style)) if prompt else None for question, prompt in wanted]
        return _where(asked, lambda pairs: generator.options_scores(*map(list, zip(*pairs, strict=True))))

    asked = scores(sheet.scored if compares_options(sheet.question, settings) else None for sheet in sheets)
    apart = scores(sheet.neutral for sheet in sheets)
    return [Options(found, bare or []) if found else None for found, bare in zip(asked, apart, strict=True)]


def _where(wanted: Sequence[S | None], call: Callable[[list[S]], list[T]]) -> list[T | None]:
    """``call`` on what there is, its results at their places."""
    there = [each for each in wanted if each is not None]
    results = iter(call(there) if there else [])
    return [next(results) if each is not None else None for each in wanted]


def _result(
    sheet: Sheet, options: Options | None, score: AnswerScore | None, text: str | None, settings: Settings
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
    if score:
        result = replace(result, answer_nll=_finite(question, score).nll_mean, answer_tokens=score.tokens)
    if not question.options:
        return _free_text(result, question)
    return _compared(result, question, options, settings.normalise) if options else _written(result, question)


def _free_text(result: QuestionResult, question: Question) -> QuestionResult:
    answer, text = question.answer or "", result.generated
    if text is None:
        return result
    return replace(result, exact_match=exact_match(text, answer), f1=token_f1(text, answer), rouge_l=rouge_l(text, answer))


def _compared(result: QuestionResult, question: Question, options: Options, normalise: Normalise) -> QuestionResult:
    """The option with the least of the compared numbers is chosen; of equals, the first."""
    sums, apart = ([_finite(question, score).nll_sum for score in scores] for scores in (options.asked, options.neutral))
    tokens = [score.tokens for score in options.asked]
    nlls = compared(normalise, sums, tokens, apart)
    chosen = question.options[least(nlls)].label
    labels = [option.label for option in question.options]
    right = options.asked[labels.index(result.right)] if result.right in labels else None
    return replace(
        result,
        chosen=chosen,
        correct=chosen == result.right,
        nlls=nlls,
        option_nlls=tuple(sums),
        option_tokens=tuple(tokens),
        neutral_nlls=tuple(apart),
        answer_nll=right.nll_mean if right else None,
        answer_tokens=right.tokens if right else 0,
    )


def _written(result: QuestionResult, question: Question) -> QuestionResult:
    chosen = read_option(result.generated, question) if result.generated is not None else None
    return replace(result, chosen=chosen, correct=chosen == result.right)


def _finite(question: Question, score: AnswerScore) -> AnswerScore:
    if not math.isfinite(score.nll_sum):
        raise InputError(
            f"the model's likelihoods of question {question.id!r} are not numbers",
            "Load it with --set generator.dtype=float32; if that does not help, its weights are damaged.",
        )
    return score
