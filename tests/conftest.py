"""What several test files share: tiny models, a small corpus, and the installed command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

collect_ignore = ["plugin_distribution"]
"""A distribution with tests of its own, which run where it is installed."""

PAGES = {
    "malaria.md": "# Malaria\n\n## Treatment\nArtemether with lumefantrine treats uncomplicated malaria.\n\n"
    "## Diagnosis\nA blood film or a rapid antigen test confirms malaria before treatment begins.\n",
    "anaphylaxis.md": "# Anaphylaxis\n\n## Treatment\nIntramuscular adrenaline is given first into the outer thigh.\n\n"
    "## Observation\nPatients are watched for six hours because symptoms may come back.\n",
    "gout.md": "# Gout\n\n## Treatment\nAn acute attack of gout is treated with colchicine or naproxen.\n\n"
    "## Prevention\nAllopurinol lowers uric acid and prevents further attacks.\n",
    "scabies.txt": "SCABIES\nPermethrin cream is applied to the whole body and washed off after eight hours.\n",
}
QUESTIONS = [
    (
        "Which drug treats uncomplicated malaria?",
        ["Artemether with lumefantrine", "Colchicine", "Adrenaline", "Permethrin"],
        0,
        "malaria.md",
    ),
    ("What is given first in anaphylaxis?", ["Naproxen", "Adrenaline", "Allopurinol", "Permethrin"], 1, "anaphylaxis.md"),
    ("Which drug prevents attacks of gout?", ["Adrenaline", "Permethrin", "Allopurinol", "Artemether"], 2, "gout.md"),
    ("What is put on the skin in scabies?", ["Colchicine", "Adrenaline", "Artemether", "Permethrin cream"], 3, "scabies.txt"),
]


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; anything else there fails."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out + self.err
        return json.loads(lines[0])


Jmlr = Callable[..., Result]


def write_pages(folder: Path) -> Path:
    """The small corpus, written out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_questions(path: Path) -> Path:
    """Questions on the small corpus, in our own format."""
    lines = [
        {
            "id": f"q{n}",
            "question": text,
            "options": dict(zip("ABCD", options, strict=True)),
            "answer_idx": "ABCD"[right],
            "document": page,
        }
        for n, (text, options, right, page) in enumerate(QUESTIONS, 1)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run_jmlr(folder: Path, *arguments: str, **environment: str) -> Result:
    """Run the installed command in ``folder``, with no terminal and no network."""
    command = Path(sys.executable).with_name("jmlr")
    unset = {"JMLR_HOME", "FORCE_COLOR", "CLICOLOR_FORCE"}
    clean = {key: value for key, value in os.environ.items() if key not in unset}
    env = {**clean, "HF_HUB_OFFLINE": "1", "COLUMNS": "120", **environment}
    done = subprocess.run([command, *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def jmlr(tmp_path: Path) -> Jmlr:
    """The installed command, run in an empty folder."""
    return lambda *arguments, **environment: run_jmlr(tmp_path, *arguments, **environment)


@pytest.fixture
def pages() -> Callable[[Path], Path]:
    """Writes the small corpus into a folder."""
    return write_pages


@pytest.fixture
def questions() -> Callable[[Path], Path]:
    """Writes questions on the small corpus into a file."""
    return write_questions


@dataclass(frozen=True)
class Clinic:
    """A folder in which the tiny recipe has been indexed and trained."""

    folder: Path
    pages: Path
    questions: Path
    indexed: dict[str, Any]
    trained: dict[str, Any]

    def jmlr(self, *arguments: str, **environment: str) -> Result:
        return run_jmlr(self.folder, *arguments, **environment)


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """One index and one joint run, made by the installed command, for tests that only read them."""
    folder = tmp_path_factory.mktemp("clinic")
    pages, questions = write_pages(folder / "guidelines"), write_questions(folder / "questions.jsonl")
    indexed = run_jmlr(folder, "index", "guidelines", "--recipe", "tiny", "--json")
    assert indexed.code == 0, indexed.err
    trained = run_jmlr(folder, "train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--json")
    assert trained.code == 0, trained.err
    return Clinic(folder, pages, questions, indexed.json, trained.json)


TEXTS = [
    "Artemether with lumefantrine treats uncomplicated malaria.", "Intramuscular adrenaline is given first in anaphylaxis.",
    "Colchicine treats an acute attack of gout.", "Permethrin cream is put on the skin in scabies.",
    "Oxygen keeps the saturation above ninety four percent.", "A blood film confirms malaria before treatment.",
]  # fmt: skip


@pytest.fixture(scope="session")
def tiny_texts() -> list[str]:
    """What the tiny models' vocabularies come from."""
    return TEXTS


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT."""
    from jmlr_cli.models.tiny import build_tiny_encoder

    return build_tiny_encoder(tmp_path_factory.mktemp("models") / "encoder", TEXTS)


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama."""
    from jmlr_cli.models.tiny import build_tiny_decoder

    return build_tiny_decoder(tmp_path_factory.mktemp("models") / "decoder", TEXTS)
