"""A system's evaluation, made once and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from jmlr_cli.answering.system import System
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.evaluation.identity import evaluation_name, made_by
from jmlr_cli.evaluation.keeper import keeping
from jmlr_cli.evaluation.kept import Kept, kept_evaluation
from jmlr_cli.evaluation.reliability import draw_reliability
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.system import brings_passages, evaluate_system, gold_kinds


def kept_of(system: System, questions: QuestionSet, mode: Mode, settings: Settings) -> tuple[Kept, dict[str, Any]]:
    """Where the evaluation of a system on these questions is kept, and what decides it."""
    made = json.loads(json.dumps(made_by(system, questions, mode, settings)))
    return kept_evaluation(evaluation_name(questions.name, mode, system.name, made)), made


def evaluate_kept(
    system: System,
    questions: QuestionSet,
    mode: Mode,
    settings: Settings,
    again: bool = False,
    progress: Progress = silent,
    tell: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """The record of a system's evaluation, as ``evaluation.json`` holds it. A finished one is read, an unfinished one gone
    on with; ``again`` measures from the beginning. ``tell`` hears of what an earlier process did. Raises what
    :func:`evaluate_system` raises, and :class:`InputError` while another process makes the same evaluation."""
    kept, made = kept_of(system, questions, mode, settings)
    if not again and kept.finished:
        tell(f"{kept.name} was measured on {kept.record()['finished']}; --again measures it once more")
        return kept.record()
    begun = {"evaluation": kept.name, "task": questions.name, "mode": mode, "made_by": made}
    with keeping(kept, begun, [question.id for question in questions.questions], settings.batch, again) as keeper:
        if keeper.done:
            tell(f"{kept.name}: going on after {len(keeper.done)} of {len(questions.questions)} questions")
        found = evaluate_system(system, questions, mode, settings, keeper.add, progress, keeper.done)
        draw_reliability(found.calibration, f"{questions.name}, {mode}, {system.name}", kept.reliability)
        figures = found.as_json() | _about(system, questions, mode, made)
        return keeper.finish({**figures, "finished": datetime.now(UTC).isoformat(timespec="seconds")})


def _about(system: System, questions: QuestionSet, mode: Mode, made: dict[str, Any]) -> dict[str, Any]:
    """What only the system knows: its names, and in mode oracle where the gold passages come from."""
    told = {"run": system.run.name if system.run else None, "model": made["model"]["name"], "where": made["where"]}
    if mode != "oracle":
        return told
    return {**told, "gold": gold_kinds(questions, None if brings_passages(system, questions) else system.index)}
