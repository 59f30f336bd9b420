"""MedQuAD without the headings that are its questions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "medquad_plain.py"


def make(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data" / "guidelines" / "medquad_x").mkdir(parents=True)
    (tmp_path / "data" / "guidelines" / "other").mkdir()
    (tmp_path / "data" / "medquad").mkdir()
    page = "# Gout\nSource: X http://x/\n\n## What is gout?\nA disease #1 of joints.\n"
    (tmp_path / "data" / "guidelines" / "medquad_x" / "1.md").write_text(page)
    (tmp_path / "data" / "guidelines" / "other" / "2.md").write_text("# Kept\n\nText.")
    questions = [{"id": f"q{n}", "question": "Why?", "answer": "word " * n} for n in (1, 2, 3, 4)]
    (tmp_path / "data" / "medquad" / "train.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in questions))
    return tmp_path / "data"


def test_only_medquads_headings_and_long_answers_are_left_out(data, tmp_path):
    plain, again = tmp_path / "plain", tmp_path / "again"
    done = make(data, plain, "--words", 3)
    assert (done.returncode, done.stdout) == (0, f"2 documents, 3 training questions in {plain}\n")
    assert (plain / "guidelines" / "medquad_x" / "1.md").read_text() == "\nA disease #1 of joints.\n"
    assert (plain / "guidelines" / "other" / "2.md").read_text() == "# Kept\n\nText."
    kept = [json.loads(line)["id"] for line in (plain / "train.jsonl").read_text().splitlines()]
    assert sorted(kept) == ["q1", "q2", "q3"]
    assert make(data, again, "--words", 3).returncode == 0
    assert (again / "train.jsonl").read_bytes() == (plain / "train.jsonl").read_bytes()


def test_what_it_cannot_do_is_told_in_a_sentence(data, tmp_path):
    without = make(tmp_path, tmp_path / "plain")
    assert (without.returncode, without.stderr.count("\n")) == (3, 1)
    assert "has no guidelines/ and medquad/train.jsonl. Name" in without.stderr
    taken = make(data, data)
    assert taken.returncode == 3
    assert "is already there" in taken.stderr
