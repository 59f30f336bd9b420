"""What several test files share: tiny models, a small corpus, and the installed command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.forks import Forks, Result

if TYPE_CHECKING:
    from jmlr_cli.evaluation.results import QuestionResult
    from jmlr_cli.evaluation.settings import Mode

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a suite started in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the commands that tests start must hear Ctrl-C

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


Jmlr = Callable[..., Result]
READ_AT_IMPORT = ("HF_", "COLUMNS")
"""What the names of variables begin with that are read once, when a library is imported."""


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


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """``forks(folder, "index", "guidelines", kill_after=0.2)`` runs the command there, and kills it in time."""
    forks = Forks()
    yield forks
    forks.close()


def run_or_fork(forks: Forks, folder: Path, *arguments: str, **environment: str) -> Result:
    """Run the command in ``folder``: forked, or as a process that imports what it needs, if a variable is read only then."""
    anew = any(name.startswith(READ_AT_IMPORT) for name in environment)
    return (run_jmlr if anew else forks)(folder, *arguments, **environment)


@pytest.fixture
def jmlr(forks: Forks, tmp_path: Path) -> Jmlr:
    """The command, run in an empty folder."""
    return partial(run_or_fork, forks, tmp_path)


@pytest.fixture(scope="session")
def pages() -> Callable[[Path], Path]:
    """Writes the small corpus into a folder."""
    return write_pages


@pytest.fixture(scope="session")
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
    forks: Forks

    def jmlr(self, *arguments: str, **environment: str) -> Result:
        return run_or_fork(self.forks, self.folder, *arguments, **environment)


@pytest.fixture(scope="session")
def clinic(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """One index and one joint run, for tests that only read them."""
    folder = tmp_path_factory.mktemp("clinic")
    pages, questions = write_pages(folder / "guidelines"), write_questions(folder / "questions.jsonl")
    indexed = forks(folder, "index", "guidelines", "--recipe", "tiny", "--json")
    assert indexed.code == 0, indexed.err
    trained = forks(folder, "train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--json")
    assert trained.code == 0, trained.err
    return Clinic(folder, pages, questions, indexed.json, trained.json, forks)


@dataclass(frozen=True)
class Keeper:
    """Writes finished evaluations into the workspace below ``folder``, in the form in which `jmlr eval` keeps them."""

    folder: Path

    def keep(self, name: str, questions: Path, results: Sequence[QuestionResult], mode: Mode = "closed", index: str = "") -> Path:
        """The folder of an evaluation of the first questions of a file; ``index`` is the one that it read."""
        from jmlr_cli.evaluation.results import Evaluation
        from jmlr_cli.evaluation.settings import Settings
        from jmlr_cli.questions.digest import questions_digest
        from jmlr_cli.questions.formats import read_questions

        asked, kept = read_questions(questions), self.folder / ".jmlr" / "evaluations" / name
        kept.mkdir(parents=True)
        made_by = {
            "recipe": {"training": {"seed": 7}},
            "index": {"name": index} if index else None,
            "questions": {
                "name": asked.name,
                "source": str(questions),
                "sha256": questions_digest(asked.questions[: len(results)]),
            },
        }
        record = Evaluation(asked.name, mode, Settings(), tuple(results)).as_json() | {"evaluation": name, "made_by": made_by}
        (kept / "evaluation.json").write_text(json.dumps(record), encoding="utf-8")
        lines = [json.dumps(asdict(result), ensure_ascii=False) + "\n" for result in results]
        (kept / "results.jsonl").write_text("".join(lines), encoding="utf-8")
        return kept


@pytest.fixture(scope="session")
def keeper_in() -> Callable[[Path], Keeper]:
    """Gives a folder a workspace to keep evaluations in."""
    return Keeper


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeper:
    """A workspace to keep evaluations in, below ``tmp_path``, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JMLR_HOME", raising=False)
    return Keeper(tmp_path)


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


@dataclass(frozen=True)
class Serving:
    """A running `jmlr serve`. ``log`` is the file that it writes to."""

    url: str
    process: subprocess.Popen
    log: Path

    def client(self, **headers: str) -> Any:
        import httpx

        return httpx.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)

    def ask(self, question: str, **more: Any) -> Any:
        """The response to one question."""
        with self.client() as client:
            return client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": question}], **more})


Serve = Callable[..., AbstractContextManager[Serving]]


@contextmanager
def serving(folder: Path, log: Path, *arguments: str, **environment: str) -> Iterator[Serving]:
    """`jmlr serve` in ``folder``, from its first request until it is told to stop."""
    clean = {key: value for key, value in os.environ.items() if key != "JMLR_HOME"}
    command = [str(Path(sys.executable).with_name("jmlr")), "serve", "--port", "0", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env={**clean, "HF_HUB_OFFLINE": "1", **environment}, stdout=out, stderr=out
        )
    try:
        yield Serving(_url(process, log), process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()


def _url(process: subprocess.Popen, log: Path) -> str:
    for _ in range(1200):
        found = re.search(r"at (http://\S+?/)(?:#\S*)?\n", log.read_text())
        if found:
            return found[1]
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def serve(clinic, tmp_path_factory) -> Serve:
    """``with serve("--queue", "2") as server``: a server of the tiny run, or in another folder."""

    for needed in ("fastapi", "uvicorn", "httpx"):
        pytest.importorskip(needed, reason=f"{needed} is not installed (the extras serve and test)")

    def start(*arguments: str, folder: Path | None = None, **environment: str) -> AbstractContextManager[Serving]:
        at = clinic.folder if folder is None else folder
        return serving(at, tmp_path_factory.mktemp("log") / "log", *arguments, **environment)

    return start
