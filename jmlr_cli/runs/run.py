"""A run's folder: its recipe, its record, and the models it made."""

from __future__ import annotations

import errno
import json
import platform
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jmlr_cli.contracts.config import GeneratorConfig, RetrieverConfig
from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import broken_files, flush, read_sealed, sha256, write_sealed, write_whole
from jmlr_cli.recipe.load import checked_recipe, read_yaml, recipe_yaml
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.temporary import new_folder, sweep
from jmlr_cli.workspace import Workspace

SCHEMA = "jmlr.run/1"
NOT_TRAINED = {"description", "needs", "evaluation"}
"""The sections of a recipe that change no weight."""
RECORD, RECIPE, REFRESHED = "run.json", "recipe.yaml", "candidates"
SEALED = (RECIPE, "metrics.jsonl", "curves.png", "generator", "retriever", "index/manifest.json")
"""What a finished run's record holds the checksums of. Its index's manifest and its checkpoints' seals hold those of theirs."""

LOOKED_AT = ("metrics.jsonl", "curves.png")
"""No answer comes from them."""

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
        return self.folder / REFRESHED

    @property
    def curves(self) -> Path:
        return self.folder / "curves.png"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    def record(self) -> dict[str, Any]:
        """What is known of the run: status, steps, losses, versions."""
        return {key: value for key, value in _record(self.folder).items() if key != "checksums"}

    @property
    def checksums(self) -> dict[str, str]:
        """The SHA-256 of the files that are not to change any more."""
        return _record(self.folder).get("checksums", {})

    def read_metrics(self) -> list[dict[str, Any]]:
        """The metrics logged so far, a line a dict; a last line cut off by a crash is left out."""
        lines = self.metrics.read_text(encoding="utf-8").splitlines() if self.metrics.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def update(self, **values: Any) -> None:
        """Change the record."""
        write_sealed(self.folder / RECORD, {**_record(self.folder), **values})

    def finish(self, **values: Any) -> None:
        """Declare the run finished, and its files final."""
        final = [path for name in SEALED for path in (self.folder / name, *(self.folder / name).rglob("*")) if path.is_file()]
        for path in final:
            flush(path)
        checksums = {path.relative_to(self.folder).as_posix(): sha256(path) for path in final}
        self.update(status="finished", error=None, checksums=checksums, **values)

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
    record = {
        "schema": SCHEMA,
        "recipe": recipe_name,
        "status": "running",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": recipe.training.seed,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": package_versions(),
        "git_commit": _git_commit(),
    }
    runs = Workspace.current().runs
    runs.mkdir(parents=True, exist_ok=True)
    with new_folder(runs / base) as made:
        write_whole(made / RECIPE, recipe_yaml(recipe).encode())
        write_sealed(made / RECORD, {**record, "checksums": {RECIPE: sha256(made / RECIPE)}})
        return Run(_placed(made, base), recipe)


def open_run(name: str) -> Run:
    """The run called ``name``, or the newest when ``name`` is ``latest``.

    Raises :class:`InputError` when there is none, :class:`DamagedError` when its recipe cannot be read.
    """
    folder = _latest() if name == "latest" else Workspace.current().run(name)
    if folder is None or not (folder / RECORD).is_file():
        raise InputError(f"there is no run {name!r}", f"Runs: {', '.join(run_names()) or 'none yet; jmlr train makes one'}.")
    sealed = {name: checksum for name, checksum in _record(folder).get("checksums", {}).items() if name == RECIPE}
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
    """Whether two recipes give the same models: what only describes or evaluates is left out."""
    return one.model_dump(exclude=NOT_TRAINED) == other.model_dump(exclude=NOT_TRAINED)


def run_names() -> list[str]:
    """The names of all runs, oldest first."""
    return sorted(path.parent.name for path in Workspace.current().runs.glob(f"[!.]*/{RECORD}"))


def sweep_runs() -> None:
    """Remove what killed processes left in the making in any run, and in finished ones what only a run that goes on needs."""
    sweep(Workspace.current().runs)
    for left in Workspace.current().runs.glob(f"[!.]*/{REFRESHED}"):
        with suppress(DamagedError):
            if _record(left.parent).get("status") == "finished":
                shutil.rmtree(left, ignore_errors=True)


def _latest() -> Path | None:
    names = run_names()
    return Workspace.current().run(names[-1]) if names else None


def _record(folder: Path) -> dict[str, Any]:
    try:
        record, confirmed = read_sealed(folder / RECORD)
        if "checksums" in record and not confirmed:  # who writes the one writes the other: its name is damaged
            raise ValueError("it lacks its checksum")
    except (OSError, ValueError) as error:
        raise DamagedError(f"the run {folder.name!r} is damaged: {RECORD} cannot be read ({error})", "Train it again.") from None
    return record


def _check(folder: Path, checksums: dict[str, str]) -> None:
    for name, what in broken_files(folder, checksums):
        raise DamagedError(f"the run {folder.name!r} is damaged: {name} {what}", "Train it again.")


def _placed(made: Path, base: str) -> Path:
    """Give a run's folder its name: the first free one of ``base``, ``base-2``, ... A folder that is not empty is never
    replaced."""
    for number in range(1, 1000):
        folder = Workspace.current().run(base if number == 1 else f"{base}-{number}")
        try:
            return made.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
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
