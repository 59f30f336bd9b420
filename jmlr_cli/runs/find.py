"""The runs of the workspace: by name, by recipe, all of them."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import broken_files
from jmlr_cli.recipe.load import checked_recipe, read_yaml
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.runs.run import RECIPE, RECORD, REFRESHED, Run, read_record
from jmlr_cli.temporary import sweep
from jmlr_cli.workspace import Workspace

NOT_TRAINED: dict[str, Any] = {
    "description": True,
    "needs": True,
    "evaluation": True,
    "training": {"log_every", "save_every", "keep_checkpoints", "tensorboard"},
}
"""What of a recipe changes no weight, as pydantic excludes it."""
LOOKED_AT = ("metrics.jsonl", "curves.png")
"""No answer comes from them."""


def open_run(name: str) -> Run:
    """The run called ``name``, or the newest when ``name`` is ``latest``.

    Raises :class:`InputError` when there is none, :class:`DamagedError` when its recipe cannot be read.
    """
    folder = _latest() if name == "latest" else Workspace.current().run(name)
    if folder is None or not (folder / RECORD).is_file():
        raise InputError(f"there is no run {name!r}", f"Runs: {', '.join(run_names()) or 'none yet; jmlr train makes one'}.")
    sealed = {name: checksum for name, checksum in read_record(folder).get("checksums", {}).items() if name == RECIPE}
    _check(folder, sealed)
    try:
        recipe = checked_recipe(read_yaml(folder / RECIPE), f"the run {folder.name!r}")
    except (InputError, OSError) as error:
        raise DamagedError(f"the run {folder.name!r} is damaged: {error}", "Train it again.") from None
    return Run(folder, recipe)


def finished(run: Run) -> Run:
    """``run``, if its training was finished and the files that it answers from are those that training left.

    Raises :class:`InputError` when it was not, and :class:`DamagedError` that names the first file that differs.
    """
    status = run.record().get("status")
    if status != "finished":
        raise InputError(f"the run {run.name!r} is {status}, not finished", f"Go on with it: jmlr train --resume {run.name}")
    _check(run.folder, {name: checksum for name, checksum in run.checksums.items() if name not in LOOKED_AT})
    return run


def runs_of(recipe: Recipe) -> list[Run]:
    """The runs that train what ``recipe`` does: the finished ones first, and the newest of them. Damaged ones are left out."""
    found: dict[tuple[bool, str], Run] = {}
    for name in run_names():
        with suppress(DamagedError):
            run = open_run(name)
            if trains_alike(run.recipe, recipe):
                found[run.record().get("status") == "finished", name] = run
    return [found[key] for key in sorted(found, reverse=True)]


def trains_alike(one: Recipe, other: Recipe) -> bool:
    """Whether two recipes give the same models: what only describes, keeps or evaluates is left out."""
    return one.model_dump(exclude=NOT_TRAINED) == other.model_dump(exclude=NOT_TRAINED)


def run_names() -> list[str]:
    """The names of all runs, oldest first."""
    return sorted(path.parent.name for path in Workspace.current().runs.glob(f"[!.]*/{RECORD}"))


def sweep_runs() -> None:
    """Remove what killed processes left in the making in any run, and in finished ones what only a run that goes on needs."""
    sweep(Workspace.current().runs)
    for left in Workspace.current().runs.glob(f"[!.]*/{REFRESHED}"):
        with suppress(DamagedError):
            if read_record(left.parent).get("status") == "finished":
                shutil.rmtree(left, ignore_errors=True)


def _latest() -> Path | None:
    names = run_names()
    return Workspace.current().run(names[-1]) if names else None


def _check(folder: Path, checksums: dict[str, str]) -> None:
    for name, what in broken_files(folder, checksums):
        raise DamagedError(f"the run {folder.name!r} is damaged: {name} {what}", "Train it again.")
