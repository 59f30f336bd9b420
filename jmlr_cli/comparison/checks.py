"""What can be known to fail before hours of training."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.assemble import make_generator
from jmlr_cli.comparison.budget import unequal
from jmlr_cli.comparison.contenders import Contender, Member
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.run import check_scorable
from jmlr_cli.evaluation.system import settings_of
from jmlr_cli.training.inputs import required, some_questions, training_index
from jmlr_cli.training.needs import check_needs


def check_before_training(contenders: Sequence[Contender], questions: QuestionSet, generate: bool, any_budget: bool) -> None:
    """Raise :class:`InputError` or :class:`MissingError` when a comparison cannot come to its end: questions that cannot be
    scored, a machine too small, training questions or an index that are not there, several devices; or when budgets differ,
    unless ``any_budget`` allows that. Reads questions and indexes, and no weights."""
    for each in contenders:
        recipe = each.members[0].recipe
        check_scorable(questions, make_generator(recipe.generator), settings_of(recipe, None, generate))
    ahead = [(each, member) for each in contenders for member in each.members if member.waits]
    for each, member in ahead:
        _check_training(each, member)
    budgets = unequal(contenders)
    if ahead and budgets and not any_budget:
        raise InputError(
            f"the language models would not learn equally much: {budgets}",
            "Make training.max_steps, batch_size and accumulate equal with --set, or say --any-budget.",
        )


def _check_training(contender: Contender, member: Member) -> None:
    recipe = member.recipe
    check_needs(recipe.needs, contender.recipe)
    if recipe.training.devices > 1:
        raise InputError(
            f"{contender.name} is trained on {recipe.training.devices} devices, which `jmlr compare` does not start",
            f"Train it first: jmlr train --recipe {contender.recipe} --set training.seed={member.seed}",
        )
    training_index(recipe, some_questions(required(recipe.data.train, "data.train"), "train", recipe.data.limit))
