"""The benchmark of the joint step, run on tiny models as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "joint_step.py"
SMALL = ["--tiny", "--candidates", "5", "--sample", "3", "--read", "2", "--rank", "4", "--threads", "1"]


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def report() -> dict:
    done = benchmark(*SMALL, "--steps", "2", "--profile", "3", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)


def test_our_step_and_the_published_one_have_the_same_losses(report):
    ours, published = report["ours"], report["published"]
    assert ours["lm_loss"] == pytest.approx(published["lm_loss"], abs=1e-3)
    assert ours["rank_loss"] == pytest.approx(published["rank_loss"], abs=1e-3)
    assert report["agreement"]["worst_loss_difference"] < report["agreement"]["tolerance"] == 1e-3


def test_they_send_the_same_gradients_to_both_models(report):
    for model in ("generator", "retriever"):
        found = report["agreement"]["gradients"][model]
        assert found["published"] > 0
        assert found["difference"] < 1e-3


def test_the_report_has_what_it_promises(report):
    assert report["schema"] == "jmlr.benchmark.joint-step/1"
    assert report["status"] == "ok"
    for side in ("ours", "published"):
        seconds, memory = report[side]["seconds"], report[side]["memory"]
        assert len(seconds["all"]) == 2
        assert 0 < seconds["min"] <= seconds["median"] <= seconds["max"]
        assert memory["increment"] == memory["peak"] - memory["before"]
        assert report[side]["tokens_per_second"] == pytest.approx(report["llm_tokens"] / seconds["median"])
        assert report[side]["operations"] > 0
        assert report[side]["share_of_peak"] > 0
    assert report["speedup"] == pytest.approx(report["published"]["seconds"]["median"] / report["ours"]["seconds"]["median"])
    assert len(report["profile"]["operators"]) == 3
    assert {"backward", "optimizer", "rest"} < set(report["profile"]["phases"])


def test_losses_that_differ_fail_the_benchmark():
    """Here our side alone sharpens the scores before its rank loss."""
    done = benchmark(*SMALL, "--steps", "1", "--skip-memory", "--json", "--set", "objective.options={scale: 3.0}")
    assert done.returncode == 1
    assert json.loads(done.stdout)["status"] == "disagreed"
    assert done.stderr.splitlines()[-1].startswith("The two sides disagree")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--steps", "0"], 2, "--steps"),
        (["--dtype", "int4"], 2, "float32"),
        (["--speed", "9"], 2, "--speed"),
        (["--tiny", "--sample", "30"], 3, "candidates.sample"),
        (["--shape", "llama2-7b"], 4, "needs a GPU"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(arguments, code, said):
    done = benchmark(*arguments)
    assert done.returncode == code
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert said in line
    assert "Traceback" not in line
