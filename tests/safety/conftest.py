"""A workspace of the test's own, and ways to run hundreds of commands in seconds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jmlr_cli.main import app

THOROUGH = bool(os.environ.get("JMLR_THOROUGH"))
"""Set by `make test-thorough`: hundreds of kills, ten thousand inputs, large files."""


def thoroughly(*values: object) -> Any:
    """Values of a parametrized test that only `make test-thorough` runs."""
    return pytest.param(*values, marks=pytest.mark.skipif(not THOROUGH, reason="one of many: make test-thorough runs it"))


@pytest.fixture(scope="session")
def thorough() -> bool:
    return THOROUGH


@pytest.fixture
def home(clinic, tmp_path, monkeypatch) -> Path:
    """A copy of the workspace in which the tiny recipe was indexed and trained, with BM25 and dense indexes beside."""
    home = tmp_path / "home"
    shutil.copytree(clinic.folder / ".jmlr", home)
    monkeypatch.setenv("JMLR_HOME", str(home))
    monkeypatch.chdir(clinic.folder)
    for plugin in ("bm25", "dense"):
        app(["index", "guidelines", "--name", plugin, "--retriever", plugin, "--recipe", "tiny"], standalone_mode=False)
    return home


@pytest.fixture
def call() -> Callable[..., object]:
    """The command line in this very process, its errors raised."""
    return lambda *arguments: app(list(arguments), standalone_mode=False)


@dataclass(frozen=True)
class Ended:
    """A command that ended, or was killed."""

    code: int
    seconds: float
    out: str
    err: str
    changes: int

    @property
    def killed(self) -> bool:
        return self.code == -9


class Forks:
    """Runs commands in children of a process that has everything imported."""

    def __init__(self) -> None:
        clean = {key: value for key, value in os.environ.items() if key not in ("JMLR_HOME", "JMLR_OFFLINE", "FORCE_COLOR")}
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("forking.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**clean, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "COLUMNS": "120"},
        )  # fmt: skip

    def __call__(
        self, at: Path, *arguments: str, kill_after: float | None = None, kill_at: int = 0, before: str = "", **environment: str
    ) -> Ended:
        request = {
            "at": str(at), "arguments": arguments, "kill_after": kill_after, "kill_at": kill_at, "before": before,
            "environment": environment,
        }  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """``forks(folder, "index", "guidelines", kill_after=0.2)`` runs the command there, and kills it in time."""
    forks = Forks()
    yield forks
    forks.close()
