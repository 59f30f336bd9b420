"""Gold pages from TREC runs: the figures of a case that is counted by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from math import log2
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gold_pages.py"


def pages(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)


def written(path: Path, ranks: dict[str, int]) -> Path:
    """A TREC run in which the gold page of each question, which bears its name, stands at this rank; 0 leaves it out."""
    lines = []
    for question, rank in ranks.items():
        order = ["other-1", "other-2", "other-3"]
        order[rank - 1 : rank - 1] = [question] if rank else []
        lines += [f"{question} Q0 {page} {place} {10 - place} tag" for place, page in enumerate(order, start=1)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def questions(tmp_path) -> Path:
    records = [{"id": name, "question": "Why?", "answer": "So.", "document": name} for name in "abcd"]
    (tmp_path / "questions.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in records))
    return tmp_path / "questions.jsonl"


def test_the_figures_are_means_over_all_questions(questions, tmp_path):
    before = written(tmp_path / "before.trec", {"a": 1, "b": 2, "c": 2, "d": 0})
    after = [written(tmp_path / f"{seed}.trec", {"a": 1, "b": 1, "c": 1 + seed, "d": 3}) for seed in (0, 1)]
    done = pages(questions, before, *after, "--json")
    assert done.returncode == 0, done.stderr
    found = {each["measure"]: each for each in json.loads(done.stdout)["measures"]}
    assert found["R@1"]["baseline"] == 1 / 4
    assert [run["mean"] for run in found["R@1"]["runs"]] == [3 / 4, 2 / 4]
    assert found["R@1"]["difference"] == pytest.approx(5 / 8 - 1 / 4)
    assert found["R@5"]["baseline"] == 3 / 4
    assert found["nDCG@10"]["baseline"] == pytest.approx((1 + 2 / log2(3)) / 4)
    assert found["RR"]["runs"][1]["mean"] == pytest.approx((1 + 1 + 1 / 2 + 1 / 3) / 4)
    low, high = found["RR"]["ci95"]
    assert low < found["RR"]["difference"] < high
    # of four questions two rise and none falls: of the 16 ways to swap them, 8 are as extreme
    assert found["R@1"]["runs"][0]["p"] == pytest.approx(8 / 16)


def test_the_table_shows_both_sides(questions, tmp_path):
    before = written(tmp_path / "before.trec", {"a": 1, "b": 2, "c": 2, "d": 0})
    shown = pages(questions, before, before)
    assert shown.returncode == 0, shown.stderr
    assert "0.250 (p 1.000)" in shown.stdout


def test_questions_without_pages_and_files_that_are_no_runs_are_told(questions, tmp_path):
    run = written(tmp_path / "run.trec", {"a": 1})
    (tmp_path / "free.jsonl").write_text('{"question": "Why?", "answer": "So."}\n')
    assert "name their document" in pages(tmp_path / "free.jsonl", run, run).stderr
    refused = pages(questions, run, tmp_path / "nowhere.trec")
    assert refused.returncode == 3
    assert "nowhere.trec cannot be read" in refused.stderr
