"""A retriever and a language model, put together from a run or a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jmlr_cli.assemble import make_generator, make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.filters import Condition, conditions
from jmlr_cli.contracts.generator import Generator, TrainableGenerator
from jmlr_cli.errors import InputError
from jmlr_cli.index.manifest import Manifest, has_manifest, read_manifest
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.recipe.load import load_recipe, overridden
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.runs.find import finished, open_run, run_names
from jmlr_cli.runs.run import Run
from jmlr_cli.workspace import Workspace

DEFAULT_RECIPE = "small"


@dataclass(frozen=True)
class System:
    """What answers: the models of a run or a recipe, and the index it reads. Nothing loads before its use.

    ``run_named`` tells whether the user named the run: then an index must be its retriever's own. ``where`` is a filter
    beside the recipe's ``data.where``: a passage must pass both.
    """

    recipe: Recipe
    run: Run | None
    index_name: str | None
    run_named: bool = False
    where: tuple[Condition, ...] = ()

    @property
    def filters(self) -> tuple[Condition, ...]:
        """The recipe's filters and those beside them."""
        return (*conditions(self.recipe.data.where), *self.where)

    def load(self) -> None:
        """Open the index and load all weights now, so that what is missing is told before the first question."""
        self.index.search([self.name], 1)
        if isinstance(self.generator, TrainableGenerator):
            _ = self.generator.module

    @property
    def name(self) -> str:
        """The run's name, or the language model's."""
        return self.run.name if self.run else str(self.recipe.generator.model)

    @property
    def retriever_config(self) -> RetrieverConfig:
        return self.run.retriever_config if self.run else self.recipe.retriever

    @cached_property
    def generator(self) -> Generator:
        """The language model, with the run's adapters."""
        generator = make_generator(self.recipe.generator)
        if self.run and self.run.adapters.is_dir() and isinstance(generator, TrainableGenerator):
            generator.load_adapters(self.run.adapters)
        return generator

    @cached_property
    def index(self) -> Index:
        """The index that passages come from, behind its filters. Raises :class:`InputError` when there is none that fits, and
        when no passage passes."""
        folder = self._index_folder()
        if self.run and self.run_named and self.run.retriever.is_dir():
            index = self._searched_by_run(self.run, folder)
        else:
            index = open_index(folder, make_retriever)
        try:
            return index.within(self.filters)
        except InputError as error:
            own = " The recipe's data.where counts, too; --set data.where= leaves it out." if self.recipe.data.where else ""
            raise InputError(str(error), error.hint + own) from None

    def _searched_by_run(self, run: Run, folder: Path) -> Index:
        """An index as the run's own retriever searches it: its passages must be alike, its questions may have an encoder of their
        own, which an index does not know of."""
        trained = make_retriever(run.retriever_config)
        if trained.fingerprint != read_manifest(folder).fingerprint:
            raise InputError(
                f"the index {folder.name!r} was not encoded by the retriever of the run {run.name!r}",
                f"Encode it: jmlr index FOLDER --name NAME --run {run.name}; or leave --index out.",
            )
        return open_index(folder, lambda _: trained)

    @property
    def manifest(self) -> Manifest:
        """What the index is, told without opening it. Raises :class:`InputError` when there is none."""
        return read_manifest(self._index_folder())

    def _index_folder(self) -> Path:
        if self.index_name is None and self.run and has_manifest(self.run.index):
            return self.run.index
        return find_index(self.index_name or self._recipe_index())

    def _recipe_index(self) -> str | None:
        """The index that the recipe names: a run's own recipe means it, another one only where there is one of that name."""
        name = self.recipe.data.index
        return name if self.run or name in index_names() else None


def open_system(
    run: str | None, recipe: str | None, index: str | None, overrides: Sequence[str] = (), where: Sequence[Condition] = ()
) -> System:
    """The system that a command's ``--run``, ``--recipe``, ``--index`` and ``--where`` describe.

    With neither run nor recipe it is the newest finished run, and without one the recipe ``small``.
    """
    if run and recipe:
        raise InputError("--run and --recipe exclude each other", "Name one of them.")
    if recipe is None:
        opened = finished(open_run(run)) if run else _newest_finished()
        if opened:
            return System(overridden(opened.recipe, overrides), opened, index, run is not None, tuple(where))
    return System(load_recipe(recipe or DEFAULT_RECIPE, overrides), None, index, where=tuple(where))


def find_index(name: str | None) -> Path:
    """The folder of the index called ``name``; without a name, of the only one there is."""
    if name is not None:
        return Workspace.current().index(name)
    names = index_names()
    if len(names) == 1:
        return Workspace.current().index(names[0])
    if not names:
        raise InputError("there is no index yet", "Make one: jmlr index FOLDER")
    raise InputError(f"there are {len(names)} indexes: {', '.join(names)}", "Choose one with --index NAME.")


def index_names() -> list[str]:
    """The names of all indexes, sorted."""
    return sorted(path.parent.name for path in Workspace.current().indexes.glob("*/manifest.json"))


def _newest_finished() -> Run | None:
    for name in reversed(run_names()):
        run = open_run(name)
        if run.record().get("status") == "finished":
            return finished(run)
    return None
