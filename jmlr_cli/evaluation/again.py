"""Questions of an earlier evaluation answered once more, without some of the index's passages."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from jmlr_cli.answering.system import System
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import DEPTH, Settings
from jmlr_cli.evaluation.system import searched, settings_of
from jmlr_cli.evaluation.without_leaks import readers


def answered_again(
    system: System,
    questions: QuestionSet,
    results: Sequence[QuestionResult],
    passages: AbstractSet[str],
    progress: Progress = silent,
) -> list[QuestionResult]:
    """New results of the questions whose prompt held one of ``passages``, with an index that does not hold them.

    ``results`` must be this system's with the same settings: one question that read none of the passages is answered again,
    too, as a control. Raises :class:`InputError` when it then reads others than before.
    """
    wanted = {result.id for result in readers(results, passages)}
    if not wanted:
        return []
    control = next((result for result in results if result.id not in wanted and result.passages), None)
    some = [q for q in questions.questions if q.id in wanted or (control is not None and q.id == control.id)]
    settings = _settings(system, results)
    retrieve = searched(system.index.without(passages), max(settings.k, DEPTH))
    chosen = replace(questions, questions=tuple(some))
    found = evaluate_questions(
        chosen, system.generator, mode="rag", settings=settings, retrieve=retrieve, progress=progress
    ).results
    _check(control, found)
    return [result for result in found if result.id in wanted]


def _settings(system: System, results: Sequence[QuestionResult]) -> Settings:
    """The recipe's settings, with as many passages in a prompt as the evaluation had, and answers written where it did."""
    k = max(len(result.passages) for result in results)
    return settings_of(system.recipe, k, generate=any(result.generated is not None for result in results))


def _check(control: QuestionResult | None, found: Sequence[QuestionResult]) -> None:
    now = next((result for result in found if control is not None and result.id == control.id), None)
    if control and now and now.passages != control.passages:
        raise InputError(
            f"the evaluation was made by another system or index: question {control.id!r} reads other passages now",
            "Name the same --run or --recipe, --set and --index as for `jmlr eval`.",
        )
