"""Questions of an earlier evaluation answered once more, each without the passages that hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jmlr_cli.answering.system import System
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Hit, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import DEPTH, Settings
from jmlr_cli.evaluation.sources import Retrieve
from jmlr_cli.evaluation.system import searched, settings_of
from jmlr_cli.evaluation.without_leaks import Leaks, readers

LOOKED_AT = 20
"""Questions whose retrieved passages are compared with those that the evaluation read."""


def answered_again(
    system: System, questions: QuestionSet, results: Sequence[QuestionResult], leaks: Leaks, progress: Progress = silent
) -> list[QuestionResult]:
    """New results of the questions whose prompt held a passage that leaks them, as if the index did not hold these. ``results``
    must be this system's, with the same settings.

    Raises :class:`InputError` when most of the questions would now read other passages than they did, leaks and all.
    """
    old = {result.id: result for result in readers(results, leaks)}
    if not old:
        return []
    some = tuple(question for question in questions.questions if question.id in old)
    _check_same_system(system, some, old)
    settings = _settings(system, results)
    retrieve = _without(system, leaks, max(settings.k, DEPTH))
    chosen = replace(questions, questions=some)
    return [
        *evaluate_questions(chosen, system.generator, mode="rag", settings=settings, retrieve=retrieve, progress=progress).results
    ]


def _without(system: System, leaks: Leaks, depth: int) -> Retrieve:
    """Finds the ``depth`` best passages of each question that do not leak it: so many more are searched for."""

    def retrieve(questions: Sequence[Question]) -> list[list[Hit]]:
        most = max(len(leaks[question.id]) for question in questions)
        found = searched(system.index, depth + most)(questions)
        return [_kept(question, hits)[:depth] for question, hits in zip(questions, found, strict=True)]

    def _kept(question: Question, hits: Sequence[Hit]) -> list[Hit]:
        kept = [hit for hit in hits if hit.passage.id not in leaks[question.id]]
        return [replace(hit, rank=rank) for rank, hit in enumerate(kept, 1)]

    return retrieve


def _settings(system: System, results: Sequence[QuestionResult]) -> Settings:
    """The recipe's settings, with as many passages in a prompt as the evaluation had, and answers written where it did."""
    k = max(len(result.passages) for result in results)
    return settings_of(system.recipe, k, generate=any(result.generated is not None for result in results))


def _check_same_system(system: System, questions: Sequence[Question], old: Mapping[str, QuestionResult]) -> None:
    some = questions[:LOOKED_AT]
    hits = searched(system.index, max(len(result.passages) for result in old.values()))(some)
    read = [{hit.passage.id for hit in each[: len(old[q.id].passages)]} for q, each in zip(some, hits, strict=True)]
    same = sum(ids == set(old[question.id].passages) for question, ids in zip(some, read, strict=True))
    if same < len(some) / 2:
        raise InputError(
            f"another system or index made the evaluation: {len(some) - same} of {len(some)} questions read other passages now",
            "Name the same --run or --recipe, --set and --index as for `jmlr eval`.",
        )
