"""A comparison as JSON, kept in the workspace."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from jmlr_cli.comparison.budget import budget_of
from jmlr_cli.comparison.compare import Answered, Comparison, Figure, Pair
from jmlr_cli.files import write_json
from jmlr_cli.workspace import Workspace

NO_SIDES: dict[str, Any] = {"both": None, "only_a": None, "only_b": None, "neither": None, "changed": []}


def comparison_json(comparison: Comparison, task: str, warnings: Sequence[str]) -> dict[str, Any]:
    """The object that `jmlr compare --json` prints, without its seconds."""
    systems = [_system(*parts) for parts in zip(comparison.answered, comparison.figures, strict=True)]
    return {
        "schema": "jmlr.compare/1",
        "status": "ok",
        "comparison": _name(task, systems, comparison.pairs),
        "task": task,
        "n": comparison.n,
        "systems": systems,
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "warnings": list(warnings),
    }


def keep(record: dict[str, Any]) -> None:
    """Write a comparison into the workspace under its name; the very same comparison is written over."""
    write_json(Workspace.current().comparisons / f"{record['comparison']}.json", record)


def _system(answered: Answered, figures: dict[str, Figure]) -> dict[str, Any]:
    contender, accuracy = answered.contender, figures.get("accuracy")
    budgets = [budget_of(member) for member in contender.members]
    return {
        "name": contender.name,
        "mode": contender.mode,
        "recipe": contender.recipe,
        "runs": [member.run.name for member in contender.members if member.run],
        "seeds": contender.seeds,
        "evaluations": [each.name for each in answered.evaluations],
        "updates": [budget.updates for budget in budgets],
        "questions_per_update": budgets[0].questions,
        "accuracy": accuracy.value if accuracy else None,
        "ci95": accuracy.ci95 if accuracy else None,
        "metrics": {name: asdict(figure) for name, figure in figures.items()},
    }


def _pair(pair: Pair) -> dict[str, Any]:
    found = pair.found
    return {
        "a": pair.a,
        "b": pair.b,
        "metric": pair.measure,
        **{key: value for key, value in asdict(found).items() if key != "sides"},
        **(asdict(found.sides) if found.sides else NO_SIDES),
        "odds_ratio": found.odds_ratio,
        "p_holm": pair.p_holm,
    }


def _name(task: str, systems: Sequence[dict[str, Any]], pairs: Sequence[Pair]) -> str:
    """The task's name and a digest of what was compared by which measures."""
    compared = [[system["evaluations"] for system in systems], sorted({pair.measure for pair in pairs})]
    digest = sha256(json.dumps(compared).encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', task)[:90]}-{digest}"
