"""What is compared: a run as it is, or a recipe, trained once for each seed or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.load import load_recipe, overridden, recipe_path
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.runs.find import finished, open_run, run_names
from jmlr_cli.runs.run import Run
from jmlr_cli.training.material import find_run


@dataclass(frozen=True, slots=True)
class Member:
    """A contender's models with one seed; ``seed`` is None for models that are not trained. ``run`` holds them, or what there
    is of them; None where nothing was begun."""

    recipe: Recipe
    seed: int | None = None
    run: Run | None = None

    @property
    def state(self) -> Literal["untrained", "missing", "unfinished", "finished"]:
        """How far its training is."""
        if self.seed is None:
            return "untrained"
        if self.run is None:
            return "missing"
        return "finished" if self.run.record().get("status") == "finished" else "unfinished"

    @property
    def waits(self) -> bool:
        """Whether it must be trained before it can be evaluated."""
        return self.state in ("missing", "unfinished")


@dataclass(frozen=True, slots=True)
class Contender:
    """A system of a comparison: a member for each seed. ``recipe`` is the name that its recipe was called by, for a run too."""

    name: str
    recipe: str
    members: tuple[Member, ...]

    @property
    def mode(self) -> str:
        """What its language model reads."""
        return self.members[0].recipe.evaluation.mode

    @property
    def seeds(self) -> list[int]:
        return [member.seed for member in self.members if member.seed is not None]


def contender(name: str, seeds: Sequence[int], overrides: Sequence[str]) -> Contender:
    """The run or the recipe called ``name``. A recipe has a member for each of ``seeds`` (its own seed without any), with the
    newest run that trains just that, if there is one; a recipe in which both models are frozen is not trained.

    Raises :class:`InputError` for a name that is neither, and for a run that is not finished.
    """
    if name == "latest" or name in run_names():
        run = finished(open_run(name))
        member = Member(overridden(run.recipe, overrides), run.recipe.training.seed, run)
        return Contender(run.name, str(run.record().get("recipe", "")), (member,))
    _check_name(name)
    recipe = load_recipe(name, overrides)
    if not (recipe.generator.train or recipe.retriever.train):
        return Contender(name, name, (Member(recipe),))
    recipes = [load_recipe(name, [*overrides, f"training.seed={seed}"]) for seed in seeds or (recipe.training.seed,)]
    members = tuple(Member(each, each.training.seed, find_run(each)) for each in recipes)
    return Contender(name, name, members)


def untrained_contender(name: str, overrides: Sequence[str]) -> Contender:
    """The recipe called ``name`` as it is before training."""
    return Contender(f"{name} (untrained)", name, (Member(load_recipe(name, overrides)),))


def _check_name(name: str) -> None:
    try:
        recipe_path(name)
    except InputError as error:
        runs = ", ".join(run_names()) or "none yet"
        raise InputError(f"there is no run and no recipe {name!r}", f"Runs: {runs}. {error.hint}") from None
