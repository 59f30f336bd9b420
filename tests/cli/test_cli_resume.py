"""A run that is killed goes on where it stopped, to the same numbers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.metrics import losses

STEPS = 14
RUN = (
    *("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", f"training.max_steps={STEPS}"),
    *("--set", "training.save_every=2", "--set", "training.retriever_learning_rate=1e-2", "--set", "candidates.utility_cache=3"),
)
POLICIES = {"never": "never", "every three steps": "{every: 3}", "every epoch": "epoch"}


def weights(run: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted([*run.glob("generator/*.safetensors"), *run.glob("retriever/*.safetensors")])]


@pytest.fixture
def indexed(forks, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    assert forks(tmp_path, "index", "guidelines", "--recipe", "tiny").code == 0
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_a_run_killed_again_and_again_ends_as_one_that_was_not(forks, indexed, policy):
    recipe = (*RUN, "--set", f"candidates.refresh={policy}")
    whole = forks(indexed, *recipe, "--json")
    folder = indexed / ".jmlr" / "runs"
    assert forks(indexed, *recipe, kill_at=whole.changes // 3).killed
    killed = next(run for run in folder.iterdir() if run.name != whole.json["run"])
    assert forks(indexed, "ask", "What?", "--run", killed.name).code == 3
    assert forks(indexed, "train", "--resume", killed.name, kill_at=whole.changes // 2).killed
    resumed = forks(indexed, "train", "--resume", killed.name)
    assert resumed.code == 0, resumed.err
    assert losses(killed) == losses(folder / whole.json["run"])
    assert weights(killed) == weights(folder / whole.json["run"])
    assert len(weights(killed)) == 2
    assert not (killed / "candidates").exists()
    again = forks(indexed, "train", "--resume", killed.name)
    assert again.code == 3
    assert "is finished" in again.err


@pytest.mark.slow
def test_a_run_killed_as_it_saves_its_models_takes_no_further_step(forks, indexed):
    """Within an epoch: there transformers' Trainer, resumed from the checkpoint of the last step, takes one more. Nor does
    the retriever go half its way twice."""
    settings = ("epochs=2.5", "max_steps=", "schedule=constant", "retriever_interpolation=0.5")
    recipe = (*RUN, *(word for setting in settings for word in ("--set", f"training.{setting}")))
    whole = forks(indexed, *recipe, "--json")
    folder = indexed / ".jmlr" / "runs"
    assert forks(indexed, *recipe, kill_before="*/generator/*").killed
    killed = next(run for run in folder.iterdir() if run.name != whole.json["run"])
    with (killed / "metrics.jsonl").open("a") as handle:
        handle.write('{"step": 1')  # the line it was killed in
    resumed = forks(indexed, "train", "--resume", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["steps"] == whole.json["steps"]
    assert resumed.json["loss"] == whole.json["loss"]
    assert losses(killed) == losses(folder / whole.json["run"])
    assert weights(killed) == weights(folder / whole.json["run"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nf4", "int8"])
def test_a_quantised_model_learns_is_killed_goes_on_and_answers(forks, indexed, kind):
    pytest.importorskip("bitsandbytes", reason="the extra quantization is not installed")
    recipe = (*RUN, "--set", f"generator.quantization={kind}")
    whole = forks(indexed, *recipe, "--json")
    assert whole.code == 0, whole.err
    assert "cast" not in whole.err
    folder = indexed / ".jmlr" / "runs"
    assert forks(indexed, *recipe, kill_at=whole.changes // 2).killed
    killed = next(run for run in folder.iterdir() if run.name != whole.json["run"])
    resumed = forks(indexed, "train", "--resume", killed.name)
    assert resumed.code == 0, resumed.err
    assert losses(killed) == losses(folder / whole.json["run"])
    assert weights(killed) == weights(folder / whole.json["run"])
    assert forks(indexed, "ask", "What is given first in anaphylaxis?", "--run", killed.name).code == 0
    answered = [forks(indexed, "eval", "questions.jsonl", "--run", run.name, "--json") for run in folder.iterdir()]
    assert [done.code for done in answered] == [0, 0], answered[0].err
    assert answered[0].json["answer_nll"] == answered[1].json["answer_nll"]


@pytest.mark.slow
def test_a_damaged_checkpoint_is_passed_over_on_resume(forks, indexed):
    whole = forks(indexed, *RUN, "--json").json
    folder = indexed / ".jmlr" / "runs"
    assert forks(indexed, *RUN, kill_before="*/checkpoint-8*").killed
    killed = next(run for run in folder.iterdir() if run.name != whole["run"])
    state = killed / "checkpoints" / "checkpoint-6" / "optimizer.pt"
    state.write_bytes(state.read_bytes()[:-100])
    resumed = forks(indexed, "train", "--resume")
    assert resumed.code == 0, resumed.err
    assert "optimizer.pt is not what was written" in " ".join(resumed.err.split())
    assert losses(killed) == losses(folder / whole["run"])


def test_a_run_does_not_go_on_with_other_questions_or_another_index(forks, indexed):
    assert forks(indexed, *RUN, kill_before="*/checkpoint-8*").killed
    file = indexed / "questions.jsonl"
    learned = file.read_text()
    file.write_text(learned.replace("malaria", "dengue"))
    other = forks(indexed, "train", "--resume")
    assert other.code == 3
    assert "began with other questions" in " ".join(other.err.split())
    file.write_text(learned)
    assert forks(indexed, "train", "--resume").code == 0


FULL = """
import resource, signal
from jmlr_cli.training import trainer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
seal = trainer.seal
def sealed(*arguments):
    seal(*arguments)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
trainer.seal = sealed
"""


@pytest.mark.slow
def test_a_full_disk_leaves_the_last_checkpoint_and_says_so(forks, indexed):
    """A limit on the size of files stands for a full disk: the optimizer's state is the largest file of a run."""
    done = forks(indexed, *RUN, before=FULL)
    assert done.code == 3, done.err
    assert "no space is left" in " ".join(done.err.split())
    run = next((indexed / ".jmlr" / "runs").iterdir())
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["checkpoint-2"]
    resumed = forks(indexed, "train", "--resume", "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["steps"] == STEPS


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(indexed):
    command = [Path(sys.executable).with_name("jmlr"), *RUN, "--set", "training.max_steps=3000"]
    process = subprocess.Popen(command, cwd=indexed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
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


ONCE_SEALED = """
import os, signal, time
from jmlr_cli.training import trainer
signal.signal(signal.SIGINT, signal.default_int_handler)
seal = trainer.seal
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
def sealed(*arguments):
    seal(*arguments)
    {then}
trainer.seal = sealed
class Dropped:
    def __del__(self):
        interrupt()
def torn():
    try:
        interrupt()
    except KeyboardInterrupt:
        raise RuntimeError("an error of its own") from None
"""


@pytest.mark.slow
@pytest.mark.parametrize("then", ["Dropped()", "torn()"], ids=["lost in a finaliser", "made another error"])
def test_ctrl_c_is_obeyed_where_a_library_does_not_pass_it_on(forks, indexed, then):
    done = forks(indexed, *RUN, "--set", "training.max_steps=3000", before=ONCE_SEALED.replace("{then}", then), kill_after=60)
    assert done.code == 130, done.err
    assert "jmlr train --resume" in done.err
    record = json.loads(next((indexed / ".jmlr" / "runs").glob("*/run.json")).read_text())
    assert record["status"] == "interrupted"
