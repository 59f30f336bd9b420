"""How much the language models of a comparison learn: equal budgets are what makes it fair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jmlr_cli.comparison.contenders import Contender, Member
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.training.plan import make_plan


@dataclass(frozen=True, slots=True)
class Budget:
    """``updates`` of the language model, each from ``questions``; None where how many is not known before the data is here."""

    updates: int | None
    questions: int

    def __str__(self) -> str:
        updates = "an unknown number of" if self.updates is None else f"{self.updates:,}"
        return f"{updates} updates of {self.questions} questions"


def budget_of(member: Member) -> Budget:
    """What a member's language model learns, or is to learn."""
    training = member.recipe.training
    questions = training.batch_size * training.accumulate * training.devices
    if member.state == "untrained" or not member.recipe.generator.train:
        return Budget(0, questions)
    steps = member.run.record()["steps"] if member.run and member.state == "finished" else make_plan(member.recipe).steps
    return Budget(None if steps is None else updates_in(member.recipe, steps), questions)


def updates_in(recipe: Recipe, steps: int) -> int:
    """How many of a run's optimizer steps are the language model's; with ``training.alternate`` it takes the first turn."""
    turn = recipe.training.alternate
    if not turn:
        return steps
    rounds, rest = divmod(steps, 2 * turn)
    return rounds * turn + min(rest, turn)


def unequal(contenders: Sequence[Contender]) -> str | None:
    """Which language models learn how much, as a phrase, where that differs; None where it does not. One that learns nothing
    is a baseline, not a rival."""
    budgets = {each.name: budget_of(each.members[0]) for each in contenders}
    learning = {name: budget for name, budget in budgets.items() if budget.updates != 0}
    if len(set(learning.values())) < 2:
        return None
    return "; ".join(f"{name} {budget}" for name, budget in learning.items())
