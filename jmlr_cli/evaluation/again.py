"""Questions of an earlier evaluation answered once more, each without the passages that hold it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from jmlr_cli.answering.system import System
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Hit, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.identity import made_by
from jmlr_cli.evaluation.read_back import ReadBack
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import DEPTH, Settings
from jmlr_cli.evaluation.sources import Retrieve
from jmlr_cli.evaluation.system import searched, settings_of
from jmlr_cli.evaluation.without_leaks import Leaks, readers

LOOKED_AT = 20
"""Questions whose retrieved passages are compared with those that the evaluation read."""

SAME_SYSTEM = "Name the same --run or --recipe, --set and --index as for `jmlr eval`; --where is --set data.where=… here."


def answered_again(
    system: System, questions: QuestionSet, earlier: ReadBack, leaks: Leaks, progress: Progress = silent
) -> list[QuestionResult]:
    """New results of the questions whose prompt held a passage that leaks them, as if the index did not hold these. ``earlier``
    must be this system's; its settings are used again.

    Raises :class:`InputError` when another system made it, as far as that can be told: of a file, that most of the questions
    would now read other passages than they did, leaks and all.
    """
    old = {result.id: result for result in readers(earlier.results, leaks)}
    if not old:
        return []
    settings = _settings(system, earlier)
    if earlier.made_by:
        _check_made_by(earlier.made_by, made_by(system, questions, "rag", settings))
    some = tuple(question for question in questions.questions if question.id in old)
    _check_same_passages(system, some, old)
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


def _settings(system: System, earlier: ReadBack) -> Settings:
    """The evaluation's own settings, less what costs and is not told of it. Those of a file are the recipe's, but for what its
    results tell: how many passages a prompt had, whether answers were written, and how options were scored."""
    if earlier.made_by:
        known = {each.name for each in fields(Settings)}
        found = Settings(**{name: value for name, value in earlier.made_by["settings"].items() if name in known})
        return replace(found, rank_agreement=None, citations=False)
    results = earlier.results
    k = max(len(result.passages) for result in results)
    found = settings_of(system.recipe, k, generate=any(result.generated is not None for result in results))
    return replace(found, **_scoring(results))


def _scoring(results: Sequence[QuestionResult]) -> dict[str, Any]:
    """How the options of these results were scored; empty where there were none."""
    compared = [result for result in results if result.nlls]
    if not compared:
        return {"scoring": "generation"} if any(result.correct is not None for result in results) else {}
    if any(result.neutral_nlls for result in compared):
        return {"scoring": "likelihood", "normalise": "pmi"}
    summed = all(result.nlls == result.option_nlls for result in compared)
    return {"scoring": "likelihood", "normalise": "sum" if summed else "mean"}


def _check_made_by(then: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise :class:`InputError` unless the system of now made the evaluation."""
    if then["mode"] != "rag":
        raise InputError(
            f"the evaluation was made in mode {then['mode']}, and is answered again with retrieved passages",
            "Audit one of mode rag with --retest.",
        )
    before, after = _parts(then), json.loads(json.dumps(_parts(now)))
    other = next((name for name in before if before[name] != after[name]), None)
    if other:
        raise InputError(f"another {other} made the evaluation", SAME_SYSTEM)


def _parts(made: dict[str, Any]) -> dict[str, Any]:
    """What decides an evaluation's results beside its settings."""
    model = [made["model"], made["recipe"]["generator"]]
    return {"run": made["run"], "language model": model, "index": made["index"], "filter": made["where"]}


def _check_same_passages(system: System, questions: Sequence[Question], old: Mapping[str, QuestionResult]) -> None:
    some = questions[:LOOKED_AT]
    hits = searched(system.index, max(len(result.passages) for result in old.values()))(some)
    read = [{hit.passage.id for hit in each[: len(old[q.id].passages)]} for q, each in zip(some, hits, strict=True)]
    same = sum(ids == set(old[question.id].passages) for question, ids in zip(some, read, strict=True))
    if same < len(some) / 2:
        raise InputError(
            f"another system or index made the evaluation: {len(some) - same} of {len(some)} questions read other passages now",
            SAME_SYSTEM,
        )
