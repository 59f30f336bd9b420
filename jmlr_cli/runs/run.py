"""A run's folder: its recipe, its record, and the models it made."""

from __future__ import annotations

import json
import platform
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jmlr_cli.contracts.config import GeneratorConfig, RetrieverConfig
from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import write_json, write_whole
from jmlr_cli.recipe.load import checked_recipe, read_yaml, recipe_yaml
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.workspace import Workspace

SCHEMA = "jmlr.run/1"
NOT_TRAINED = {"description", "needs", "evaluation"}
"""The sections of a recipe that change no weight."""
PACKAGES = ("jmlr", "torch", "transformers", "peft", "accelerate", "faiss-cpu", "faiss-gpu", "tokenizers", "numpy")


@dataclass(frozen=True, slots=True)
class Run:
    """A run. ``adapters``, ``retriever`` and ``index`` are there when the run finished and trained them."""

    folder: Path
    recipe: Recipe

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def adapters(self) -> Path:
        return self.folder / "generator"

    @property
    def retriever(self) -> Path:
        return self.folder / "retriever"

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def refreshed(self) -> Path:
        return self.folder / "candidates"

    @property
    def curves(self) -> Path:
        return self.folder / "curves.png"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    def record(self) -> dict[str, Any]:
        """What is known of the run: status, steps, losses, versions."""
        return _record(self.folder)

    def read_metrics(self) -> list[dict[str, Any]]:
        """The metrics logged so far, a line a dict; a last line cut off by a crash is left out."""
        lines = self.metrics.read_text(encoding="utf-8").splitlines() if self.metrics.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def update(self, **values: Any) -> None:
        """Change the record."""
        write_json(self.folder / "run.json", {**self.record(), **values})

    @property
    def retriever_config(self) -> RetrieverConfig:
        """The retriever as this run left it."""
        return trained_config(self.recipe, self.retriever) if self.retriever.is_dir() else self.recipe.retriever

    @property
    def generator_config(self) -> GeneratorConfig:
        """The language model that the run's adapters belong on."""
        return self.recipe.generator


def trained_config(recipe: Recipe, folder: Path) -> RetrieverConfig:
    """The retriever of a recipe with the weights that training left in ``folder``."""
    config = recipe.retriever.model_copy(update={"lora": None})
    if recipe.candidates.refresh == "query-only":
        return config.model_copy(update={"options": {**config.options, "query_checkpoint": str(folder)}})
    return config.model_copy(update={"checkpoint": str(folder)})


def create_run(recipe: Recipe, recipe_name: str) -> Run:
    """A new run's folder, with its recipe and the record of what it runs on."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    base = f"{stamp}-{re.sub(r'[^A-Za-z0-9._-]+', '-', Path(recipe_name).stem)}"
    folder = _new_folder(base)
    write_whole(folder / "recipe.yaml", recipe_yaml(recipe).encode())
    write_json(
        folder / "run.json",
        {
            "schema": SCHEMA,
            "recipe": recipe_name,
            "status": "running",
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "seed": recipe.training.seed,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "versions": package_versions(),
            "git_commit": _git_commit(),
        },
    )
    return Run(folder, recipe)


def open_run(name: str) -> Run:
    """The run called ``name``, or the newest when ``name`` is ``latest``.

    Raises :class:`InputError` when there is none, :class:`DamagedError` when its recipe cannot be read.
    """
    folder = _latest() if name == "latest" else Workspace.current().run(name)
    if folder is None or not (folder / "run.json").is_file():
        raise InputError(f"there is no run {name!r}", f"Runs: {', '.join(run_names()) or 'none yet; jmlr train makes one'}.")
    try:
        recipe = checked_recipe(read_yaml(folder / "recipe.yaml"), f"the run {folder.name!r}")
    except (InputError, OSError) as error:
        raise DamagedError(f"the run {folder.name!r} is damaged: {error}", "Train it again.") from None
    return Run(folder, recipe)


def finished(run: Run) -> Run:
    """``run``, if its training was finished; otherwise an :class:`InputError`."""
    status = run.record().get("status")
    if status != "finished":
        raise InputError(f"the run {run.name!r} is {status}, not finished", f"Go on with it: jmlr train --resume {run.name}")
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
    """Whether two recipes give the same models: what only describes or evaluates is left out."""
    return one.model_dump(exclude=NOT_TRAINED) == other.model_dump(exclude=NOT_TRAINED)


def run_names() -> list[str]:
    """The names of all runs, oldest first."""
    return sorted(path.parent.name for path in Workspace.current().runs.glob("*/run.json"))


def _latest() -> Path | None:
    names = run_names()
    return Workspace.current().run(names[-1]) if names else None


def _record(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedError(
            f"the record of the run {folder.name!r} cannot be read ({type(error).__name__})", "Train it again."
        ) from None


def _new_folder(base: str) -> Path:
    for number in range(1, 1000):
        folder = Workspace.current().run(base if number == 1 else f"{base}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise InputError(f"there are a thousand runs named {base}", "Remove some of them.")


def package_versions() -> dict[str, str]:
    """The versions of what decides a result."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _git_commit() -> str | None:
    """The commit of the folder that one works in, for users who keep their recipes in git."""
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None
