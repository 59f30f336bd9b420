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

STEPS = 14
RUN = (
    *("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", f"training.max_steps={STEPS}"),
    *("--set", "training.save_every=2", "--set", "training.retriever_learning_rate=1e-2", "--set", "candidates.utility_cache=3"),
)
POLICIES = {"never": "never", "every three steps": "{every: 3}", "every epoch": "epoch"}


def losses(run: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = [(line["step"], line["loss"]) for line in lines if "loss" in line]
    assert len(found) == len(dict(found)), "a step was logged twice"
    return dict(found)


def weights(run: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted([*run.glob("generator/*.safetensors"), *run.glob("retriever/*.safetensors")])]


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    command = [Path(sys.executable).with_name("jmlr"), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def kill_when(process: subprocess.Popen, ready) -> bool:
    """Kill the process as soon as ``ready()`` holds; False when it ended first."""
    while process.poll() is None:
        if ready():
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    return process.wait() == -signal.SIGKILL


@pytest.fixture
def indexed(jmlr, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    assert jmlr("index", "guidelines", "--recipe", "tiny").code == 0
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_run_killed_again_and_again_ends_as_one_that_was_not(jmlr, indexed, policy):
    recipe = (*RUN, "--set", f"candidates.refresh={policy}")
    whole = jmlr(*recipe, "--json").json
    folder = indexed / ".jmlr" / "runs"
    process = start(indexed, *recipe)
    killed = None
    while killed is None:
        time.sleep(0.005)
        killed = next((run for run in folder.iterdir() if run.name != whole["run"] and (run / "run.json").exists()), None)
    for stop in (4, 9):  # whatever is being written at that moment
        metrics = killed / "metrics.jsonl"
        reached = lambda stop=stop, file=metrics: file.exists() and len(file.read_text().splitlines()) >= stop  # noqa: E731
        assert kill_when(process, reached)
        assert jmlr("ask", "What?", "--run", killed.name).code == 3
        process = start(indexed, "train", "--resume", killed.name)
    assert process.wait() == 0
    assert losses(killed) == losses(folder / whole["run"])
    assert weights(killed) == weights(folder / whole["run"])
    assert len(weights(killed)) == 2
    assert not (killed / "candidates").exists()
    again = jmlr("train", "--resume", killed.name)
    assert again.code == 3
    assert "is finished" in again.err


@pytest.mark.slow
def test_a_damaged_checkpoint_is_passed_over_on_resume(jmlr, indexed):
    whole = jmlr(*RUN, "--json").json
    folder = indexed / ".jmlr" / "runs"
    process = start(indexed, *RUN)
    found = lambda: [p for p in folder.glob("*/checkpoints/checkpoint-6/seal.json") if whole["run"] not in str(p)]  # noqa: E731
    assert kill_when(process, found)
    newest = found()[0].parent
    (newest / "optimizer.pt").write_bytes((newest / "optimizer.pt").read_bytes()[:-100])
    resumed = jmlr("train", "--resume")
    assert resumed.code == 0, resumed.err
    assert "optimizer.pt is not what was written" in " ".join(resumed.err.split())
    assert losses(newest.parents[1]) == losses(folder / whole["run"])


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_checkpoint_and_says_so(jmlr, indexed):
    """A limit on the size of files stands for a full disk: the optimizer's state is the largest file of a run."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from jmlr_cli.training import trainer; seal = trainer.seal\n"
        "def sealed(*a):\n    seal(*a); resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "trainer.seal = sealed\nfrom jmlr_cli.main import main; sys.argv = ['jmlr', *sys.argv[1:]]; main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *RUN], cwd=indexed, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "no space is left" in " ".join(done.stderr.split())
    run = next((indexed / ".jmlr" / "runs").iterdir())
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-2"]
    resumed = jmlr("train", "--resume", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["steps"] == STEPS


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(indexed):
    command = [Path(sys.executable).with_name("jmlr"), *RUN, "--set", "training.max_steps=3000"]
    process = subprocess.Popen(
        command, cwd=indexed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite started in the background ignores it
    )  # fmt: skip
    while not list((indexed / ".jmlr" / "runs").glob("*/checkpoints/checkpoint-2/seal.json")):
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "jmlr train --resume" in said
    record = json.loads(next((indexed / ".jmlr" / "runs").glob("*/run.json")).read_text())
    assert record["status"] == "interrupted"
