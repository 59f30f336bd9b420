"""A run that is killed goes on where it stopped, to the same numbers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUN = (
    "train",
    "--recipe",
    "tiny",
    "--set",
    "data.train=questions.jsonl",
    "--set",
    "training.max_steps=14",
    "--set",
    "training.save_every=2",
)


def losses(run: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = [(line["step"], line["loss"]) for line in lines if "loss" in line]
    assert len(found) == len(dict(found)), "a step was logged twice"
    return dict(found)


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_losses(jmlr, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    assert jmlr("index", "guidelines", "--recipe", "tiny").code == 0
    whole = jmlr(*RUN, "--json").json
    folder = tmp_path / ".jmlr" / "runs"
    process = subprocess.Popen(
        [Path(sys.executable).with_name("jmlr"), *RUN], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    killed = None
    while killed is None and time.monotonic() < deadline:
        time.sleep(0.01)
        killed = next(
            (run for run in folder.iterdir() if run.name != whole["run"] and (run / "checkpoints" / "checkpoint-4").exists()),
            None,
        )
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert killed is not None
    assert jmlr("ask", "What?", "--run", killed.name).code == 3
    resumed = jmlr("train", "--resume", killed.name, "--json").json
    assert resumed["run"] == killed.name
    assert resumed["steps"] == 14
    assert losses(killed) == losses(folder / whole["run"])
    weights = [next((folder / name / "generator").glob("*.safetensors")).read_bytes() for name in (killed.name, whole["run"])]
    assert weights[0] == weights[1]
    assert jmlr("train", "--resume", killed.name).code == 3  # finished: nothing to go on with
