"""Question files written for a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from jmlr_cli.contracts.values import Question
from jmlr_cli.questions.formats import read_questions

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes text, bytes, or values as JSON lines (a list) or a JSON file (anything else) into a file."""

    def written(content: Any, name: str = "questions.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in content)
        elif not isinstance(content, str | bytes):
            content = json.dumps(content, indent=1)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


@pytest.fixture
def read(write: Write) -> Callable[..., list[Question]]:
    """The questions of a file with that content."""
    return lambda content, name="questions.jsonl": list(read_questions(write(content, name)).questions)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """The place of a data set's file in an otherwise empty hub cache; the hub itself is out of reach."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)

    def place(repository: str, path: str) -> Path:
        home = tmp_path / f"datasets--{repository.replace('/', '--')}"
        (home / "refs").mkdir(parents=True, exist_ok=True)
        (home / "refs" / "main").write_text(COMMIT)
        file = home / "snapshots" / COMMIT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    return place
