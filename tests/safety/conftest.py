"""A workspace of the test's own, and the command line in this very process, where hundreds of calls take seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jmlr_cli.main import app

Call = Callable[..., object]


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
def call() -> Call:
    """The command line, its errors raised."""
    return lambda *arguments: app(list(arguments), standalone_mode=False)
