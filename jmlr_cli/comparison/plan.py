"""What a comparison would cost: what is there already, what would be trained and evaluated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.comparison.contenders import Contender, Member
from jmlr_cli.plugins import registry
from jmlr_cli.questions.load import chosen_questions
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.training.plan import A100_FLOPS, QUESTION_TOKENS, TOKENS_PER_WORD, make_plan, parameters, shape_of


@dataclass(frozen=True, slots=True)
class Job:
    """One model of a comparison, and what it takes. ``state`` is that of its training; one that is ``unfinished`` takes no more
    than ``steps``. Memory in GiB, times in hours on one A100 as ``jmlr train --dry-run`` counts them; None where it
    hangs on something that is not here."""

    system: str
    seed: int | None
    state: str
    run: str | None
    steps: int | None
    memory: float | None
    training_hours: float | None
    evaluation_hours: float | None


def plan_comparison(contenders: Sequence[Contender], questions: int | None) -> list[Job]:
    """The jobs of a comparison on so many questions."""
    return [_job(contender.name, member, questions) for contender in contenders for member in contender.members]


def question_count(task: str, split: str | None, limit: int | None) -> int | None:
    """How many questions would be asked: counted in a file, known beforehand for a task, else None."""
    if Path(task).expanduser().exists() or task not in registry().names("task"):
        return len(chosen_questions(task, split, limit).questions)
    found = registry().get("task", task).sizes.get(split or "test")
    return None if found is None else min(found, limit or found)


def evaluation_hours(recipe: Recipe, questions: int | None) -> float | None:
    """2 operations a weight and token, of one prompt a question."""
    shape = shape_of(recipe.generator.model)
    if shape is None or questions is None:
        return None
    passages = 0 if recipe.evaluation.mode == "closed" else recipe.candidates.read
    tokens = passages * math.ceil(recipe.data.passage_words * TOKENS_PER_WORD) + QUESTION_TOKENS
    return round(2 * parameters(shape) * min(tokens, recipe.generator.context or tokens) * questions / A100_FLOPS / 3600, 2)


def _job(system: str, member: Member, questions: int | None) -> Job:
    plan = make_plan(member.recipe) if member.waits else None
    return Job(
        system,
        member.seed,
        member.state,
        member.run.name if member.run else None,
        steps=plan.steps if plan else 0,
        memory=plan.memory if plan else None,
        training_hours=plan.a100_hours if plan else 0.0,
        evaluation_hours=evaluation_hours(member.recipe, questions),
    )
