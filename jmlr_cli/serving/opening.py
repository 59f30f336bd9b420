"""The systems that are served, opened and loaded before the first request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jmlr_cli.answering.system import DEFAULT_RECIPE, System, open_system
from jmlr_cli.contracts.filters import Condition
from jmlr_cli.index.manifest import has_manifest
from jmlr_cli.runs.find import run_names
from jmlr_cli.serving.work import Served


def opened(
    run: str | None, recipe: str | None, index: str | None, overrides: Sequence[str], where: Sequence[Condition]
) -> Served:
    """The system that the options describe, loaded, by its run's or its recipe's name."""
    return _loaded(open_system(run, recipe, index, overrides, where), recipe)


def other(name: str, index: str | None, overrides: Sequence[str], where: Sequence[Condition]) -> Served:
    """The run or the recipe called ``name``, loaded. A run that has its own index reads that one."""
    if name not in (*run_names(), "latest"):
        return opened(None, name, index, overrides, where)
    system = open_system(name, None, None, overrides, where)
    own = system.run is not None and has_manifest(system.run.index)
    return _loaded(system if own else replace(system, index_name=index), None)


def _loaded(system: System, recipe: str | None) -> Served:
    system.load()
    return Served(system.run.name if system.run else Path(recipe or DEFAULT_RECIPE).stem, system)
