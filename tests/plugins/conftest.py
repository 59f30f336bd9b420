"""A virtual environment of its own, layered on the one that the tests run in, into which plugins are really installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layered:
    """A virtual environment that sees all that is installed here, and what is installed into it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, *projects: Path) -> None:
        """``pip install`` of projects' folders, without a network."""
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
        self._run(sys.executable, "-m", "pip", "--python", self.python, "install", *offline, *projects)

    def jmlr(self, folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The JSON that a command writes, in a process of its own."""
        done = self.call(folder, "-m", "jmlr_cli", *arguments, "--json")
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    def call(self, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Python in ``folder``, with no network and no workspace but the folder's."""
        clean = {key: value for key, value in os.environ.items() if key not in ("JMLR_HOME", "PYTHONPATH", "FORCE_COLOR")}
        env = {**clean, "HF_HUB_OFFLINE": "1", "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [str(self.python), *map(str, arguments)]
        return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)

    def _run(self, *command: object) -> None:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def layered_at(folder: Path) -> Layered:
    """A new environment in ``folder``."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    here = [path for path in sys.path if Path(path).is_dir() and ("site-packages" in path or Path(path).is_relative_to(ROOT))]
    (site / "layer.pth").write_text("\n".join(dict.fromkeys([str(ROOT), str(ROOT / "plugins"), *here])) + "\n")
    return Layered(folder)


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Layered:
    """An environment with the distribution in tests/plugin_distribution installed."""
    folder = tmp_path_factory.mktemp("ward")
    layered = layered_at(folder / "env")
    layered.install(Path(shutil.copytree(ROOT / "tests" / "plugin_distribution", folder / "jmlr-ward")))
    return layered


@pytest.fixture
def layered(tmp_path: Path) -> Layered:
    """A new environment in which no plugin is installed yet."""
    return layered_at(tmp_path / "env")
