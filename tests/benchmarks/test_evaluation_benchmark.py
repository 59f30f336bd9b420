"""The benchmark of evaluation, run on a tiny model as people run it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "evaluation.py"
SMALL = ("--tiny", "--threads", "1", "--size", "3", "--rounds", "2", "--batch-sizes", "1,2")
HARNESS = importlib.util.find_spec("lm_eval") is not None
needs_lm_eval = pytest.mark.skipif(not HARNESS, reason="lm-eval is not installed (pip install 'jmlr[benchmark]')")


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "160"}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def report() -> dict:
    done = benchmark(*SMALL, "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)


@needs_lm_eval
def test_both_sides_answer_the_same_questions_alike(report):
    assert (report["schema"], report["status"], report["disagreed"]) == ("jmlr.benchmark.evaluation/1", "ok", [])
    assert [each["style"] for each in report["styles"]] == ["letter", "option"]
    for each in report["styles"]:
        assert each["chosen"]["ours"] == each["chosen"]["lm-eval"]
        assert len(each["chosen"]["ours"]) == each["questions"] == 6
        assert each["changed"] == 0
        assert 0 <= each["worst_difference"] < report["tolerance"]
    assert len(set(report["styles"][1]["chosen"]["ours"])) > 1


@needs_lm_eval
def test_each_round_of_each_side_is_timed_and_lm_eval_has_its_quickest_batch(report):
    for each in report["styles"]:
        assert [len(times) for name in ("seconds", "cpu_seconds") for times in each[name].values()] == [2, 2, 2, 2]
        assert set(each["batch_seconds"]) == {"1", "2"}
        assert each["batch_seconds"][str(each["batch_size"])] == min(each["batch_seconds"].values())
        assert each["speedup"] > 0
        assert each["cpu_speedup"] > 0
    assert {"cpu", "threads", "torch", "load"} <= set(report["machine"])
    assert report["machine"]["compared"]["lm-eval"]


@needs_lm_eval
def test_people_see_a_table_of_the_wanted_style():
    done = benchmark(*SMALL, "--only", "letter")
    assert done.returncode == 0, done.stderr
    assert "letter" in done.stdout
    assert "6 of 6" in done.stdout
    assert "│ option" not in done.stdout
    assert done.stderr == ""


@pytest.mark.skipif(HARNESS, reason="lm-eval is installed")
def test_without_lm_eval_it_says_what_to_install():
    done = benchmark(*SMALL)
    assert done.returncode == 4
    assert "pip install 'jmlr[benchmark]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--questions", "nowhere.jsonl"), 3, "There is no nowhere.jsonl, but 80 are wanted"),
        (("--size", "0"), 2, "it must be at least 1"),
        (("--only", "text"), 2, "invalid choice"),
        (("--batch-sizes", "4,many"), 2, "'many' is not a whole number"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(arguments, code, message):
    done = benchmark(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
