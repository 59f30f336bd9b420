"""A workspace of the test's own, and how often commands are killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jmlr_cli.main import app
from tests.safety.kills import KILLS, THOROUGH_KILLS
from tests.thorough import THOROUGH


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


@pytest.fixture(scope="session")
def kills() -> dict[str, int]:
    return THOROUGH_KILLS if THOROUGH else KILLS


@pytest.fixture(scope="module")
def base(forks, pages, questions, tmp_path_factory) -> Path:
    """Guidelines, questions, the tiny models; no index yet."""
    at = tmp_path_factory.mktemp("base")
    pages(at / "guidelines")
    questions(at / "questions.jsonl")
    for model in ("tiny-bert", "tiny-llama"):
        assert forks(at, "models", "pull", model).code == 0
    return at
