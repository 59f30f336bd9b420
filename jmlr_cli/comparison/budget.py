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
    learning = {each.name: each.members[0].recipe for each in contenders if budgets[each.name].updates != 0}
    if len({_decides(recipe) for recipe in learning.values()}) < 2 or len({budgets[name] for name in learning}) < 2:
        return None
    return "; ".join(f"{name} {budgets[name]}" for name in learning)


def _decides(recipe: Recipe) -> tuple[object, ...]:
    """What decides a budget. Where this is equal, budgets are, even if one was counted in a run and the other is planned: a
    plan does not know which questions are too long for the model."""
    training, data = recipe.training, recipe.data
    length = training.max_steps or (training.epochs, data.train, data.limit)
    return length, training.batch_size, training.accumulate, training.devices, training.alternate
