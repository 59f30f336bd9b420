"""A new run's folder, with what it runs on."""

from __future__ import annotations

import errno
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from jmlr_cli.errors import InputError
from jmlr_cli.files import sha256, write_sealed, write_whole
from jmlr_cli.recipe.load import recipe_yaml
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.runs.run import RECIPE, RECORD, Run
from jmlr_cli.temporary import new_folder
from jmlr_cli.versions import package_versions
from jmlr_cli.workspace import Workspace

SCHEMA = "jmlr.run/1"


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


def _git_commit() -> str | None:
    """The commit of the folder that one works in, for users who keep their recipes in git."""
    try:
        result = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None
