"""Rank agreement: how far the retriever's order is the one in which passages help the language model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jmlr_cli.contracts.generator import AnswerScore, Generator
from jmlr_cli.contracts.values import Hit, Prompt, Question
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.settings import Settings
from jmlr_cli.evaluation.sheets import answered
from jmlr_cli.questions.targets import target


def with_agreement(
    results: Sequence[QuestionResult],
    questions: Sequence[Question],
    ranked: Sequence[Sequence[Hit]],
    generator: Generator,
    settings: Settings,
) -> list[QuestionResult]:
    """The results with the rank agreement over the best ``settings.rank_agreement`` of each question's ``ranked`` passages. A
    question with fewer than two, or which is too long for the model, has none."""
    pools = [_pool(hits[: settings.rank_agreement]) for hits in ranked]
    prompts = [_prompts(*pair, generator, settings) for pair in zip(questions, pools, strict=True)]
    every = [prompt for several in prompts for prompt in several]
    scores = iter(generator.answer_scores(every) if every else [])
    return [_agreed(result, pool, several, scores) for result, pool, several in zip(results, pools, prompts, strict=True)]


def _pool(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that have a place in the retriever's order: it may list some without having found them."""
    return [hit for hit in hits if math.isfinite(hit.score)]


def _prompts(question: Question, pool: Sequence[Hit], generator: Generator, settings: Settings) -> list[Prompt]:
    """The right answer after each passage alone; none where there is no pair to compare, or one does not fit."""
    right = target(question, settings.answer_style)
    try:
        return [answered(question, [hit.passage], right, generator, settings) for hit in pool] if len(pool) > 1 else []
    except InputError:
        return []


def _agreed(
    result: QuestionResult, pool: Sequence[Hit], prompts: Sequence[Prompt], scores: Iterator[AnswerScore]
) -> QuestionResult:
    nlls = tuple(next(scores).nll_mean for _ in prompts)
    if not nlls:
        return result
    found = tuple(hit.score for hit in pool)
    ids = tuple(hit.passage.id for hit in pool)
    return replace(result, pool=ids, pool_scores=found, pool_nlls=nlls, rank_agreement=concordance(found, nlls))


def concordance(scores: Sequence[float], nlls: Sequence[float]) -> float:
    """The share of passage pairs that both order alike, the measure that training logs: see
    :func:`jmlr_cli.training.scores.rank_agreement`."""
    import torch

    from jmlr_cli.training.scores import rank_agreement

    return rank_agreement(*(torch.tensor([values], dtype=torch.float64) for values in (scores, nlls))).item()
