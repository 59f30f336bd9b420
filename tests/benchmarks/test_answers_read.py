"""What share of the answers was read: the figures of a case that is counted by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jmlr_cli.contracts.values import passage_id
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.result_lines import line_of

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "answers_read.py"
TEXTS = {"zinc": "Give oral zinc for ten days.", "fluids": "Give warm fluids, then oral zinc for a week.", "rest": "Rest in bed."}
ANSWERS = {"a": "Give oral zinc for ten days", "b": "rest in bed"}


@pytest.fixture
def ward(jmlr, tmp_path) -> Path:
    """Pages of one passage each, indexed, and questions on them."""
    (tmp_path / "pages").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "pages" / f"{name}.txt").write_text(text)
    assert jmlr("index", "pages", "--name", "ward", "--retriever", "bm25").code == 0
    lines = [json.dumps({"id": id, "question": "What helps?", "answer": answer}) for id, answer in ANSWERS.items()]
    (tmp_path / "questions.jsonl").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def kept(ward):
    """``kept(name, read)``: an evaluation in which each question read these pages, worst first, and had this answer NLL."""

    def keep(name: str, read: dict[str, tuple[str, float | None]]) -> str:
        folder = ward / ".jmlr" / "evaluations" / name
        folder.mkdir(parents=True)
        (folder / "evaluation.json").write_text(json.dumps({"status": "ok"}))
        passages = {page: passage_id(f"{page}.txt", page, text) for page, text in TEXTS.items()}
        results = [
            QuestionResult(id=id, answer_nll=nll, passages=tuple(passages[page] for page in pages.split()))
            for id, (pages, nll) in read.items()
        ]
        (folder / "results.jsonl").write_bytes(b"".join(map(line_of, results)))
        return name

    return keep


def shares(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "questions.jsonl", "ward", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_shares_of_all_passages_and_of_the_best_and_what_the_nll_follows(ward, kept):
    before = kept("frozen", {"a": ("zinc fluids", 1.0), "b": ("zinc fluids", 2.0), "only here": ("rest", 1.0)})
    after = [
        kept("joint-0", {"a": ("rest zinc", 1.0), "b": ("zinc rest", 0.5)}),
        kept("joint-1", {"a": ("rest fluids", 2.0), "b": ("rest fluids", 1.0)}),
    ]
    done = shares(ward, before, *after, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["questions"] == 2
    of = {each["measure"]: each for each in found["measures"]}
    # four 3-grams in the first answer, of which the page on fluids holds one: "oral zinc for"
    assert of["all"]["baseline"] == pytest.approx((1 + 0) / 2)
    assert [run["mean"] for run in of["all"]["runs"]] == pytest.approx([(1 + 1) / 2, (1 / 4 + 1) / 2])
    assert of["best"]["baseline"] == pytest.approx((1 / 4 + 0) / 2)
    assert [run["mean"] for run in of["best"]["runs"]] == pytest.approx([(1 + 1) / 2, (1 / 4 + 0) / 2])
    assert found["correlations"] == pytest.approx([-1, -1])


def test_people_see_a_table(ward, kept):
    read = {"a": ("zinc fluids", 1.0), "b": ("zinc fluids", 2.0)}
    shown = shares(ward, kept("frozen", read), kept("joint", read))
    assert shown.returncode == 0, shown.stderr
    assert "0.500 (p 1.000)" in shown.stdout
    assert "answer NLL follows it: r 0.00" in shown.stdout


def test_what_cannot_be_compared_is_told(ward, kept):
    frozen = kept("frozen", {"a": ("zinc", 1.0), "b": ("zinc", 2.0)})
    assert "read no passages" in shares(ward, frozen, kept("closed", {"a": ("", 1.0), "b": ("zinc", None)})).stderr
    assert "fewer than two questions" in shares(ward, frozen, kept("one", {"a": ("zinc", 1.0)})).stderr
    refused = shares(ward, frozen, "nowhere")
    assert refused.returncode == 3
    assert "no evaluation 'nowhere'" in refused.stderr
