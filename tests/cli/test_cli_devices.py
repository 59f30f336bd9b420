"""Several processes train as one does: started by jmlr, by torchrun and by accelerate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jmlr_cli.files import read_sealed, seal_folder, write_sealed

BASE = (
    *("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.max_steps=4", "--json"),
    *("--set", "generator.lora.dropout=0", "--set", "training.learning_rate=1e-3", "--set", "candidates.refresh={every: 2}"),
    # AdamW makes a whole step of the smallest difference, and a random encoder scores all passages nearly alike
    *("--set", "training.retriever_learning_rate=1e-6"),
)


@pytest.fixture
def indexed(jmlr, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    assert jmlr("index", "guidelines", "--recipe", "tiny").code == 0  # makes the tiny models
    still(tmp_path)
    assert jmlr("index", "guidelines", "--recipe", "tiny").code == 0
    return tmp_path


def still(folder: Path) -> None:
    """Take the encoder's dropout away: each process would draw its own."""
    for file in folder.glob(".jmlr/models/*/config.json"):
        config = json.loads(file.read_text())
        if "hidden_dropout_prob" in config:
            file.write_text(json.dumps({**config, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}))
        seal_folder(file.parent)


def metrics(folder: Path, run: str) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / ".jmlr" / "runs" / run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def launched(folder: Path, *command: str) -> dict:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))


@pytest.mark.slow
def test_two_processes_give_the_losses_of_one_with_twice_the_batch(jmlr, indexed):
    one = jmlr(*BASE, "--set", "training.batch_size=2")
    assert one.code == 0, one.err
    two = jmlr(*BASE, "--set", "training.batch_size=1", "--devices", "2")
    assert two.code == 0, two.err
    alone, together = metrics(indexed, one.json["run"]), metrics(indexed, two.json["run"])
    for name in ("loss", "lm_loss", "rank_loss"):
        assert [line[name] for line in together] == pytest.approx([line[name] for line in alone], abs=1e-4), name
    torchrun = [str(Path(sys.executable).with_name("torchrun")), "--nproc-per-node", "2", "-m", "jmlr_cli"]
    by_torchrun = launched(indexed, *torchrun, *BASE, "--set", "training.batch_size=1")
    expected = pytest.approx([line["loss"] for line in together], abs=1e-4)
    assert [line["loss"] for line in metrics(indexed, by_torchrun["run"])] == expected
    # on a CPU accelerate starts one process; on GPUs it starts them as torchrun does
    accelerate = [str(Path(sys.executable).with_name("accelerate")), "launch", "--cpu", "-m", "jmlr_cli"]
    by_accelerate = launched(indexed, *accelerate, *BASE, "--set", "training.batch_size=2")
    assert [line["loss"] for line in metrics(indexed, by_accelerate["run"])] == pytest.approx(
        [line["loss"] for line in alone], abs=1e-4
    )


def adapters(folder: Path, run: str) -> bytes:
    return (folder / ".jmlr" / "runs" / run / "generator" / "adapter_model.safetensors").read_bytes()


def interrupted(run: Path, last: str | None = None) -> None:
    """Make a finished run one that was killed as it saved its models, or before its checkpoint ``last`` was whole."""
    write_sealed(run / "run.json", {**read_sealed(run / "run.json")[0], "status": "interrupted"})
    if last:
        (run / "checkpoints" / last / "seal.json").unlink()


@pytest.mark.slow
def test_spread_weights_give_the_run_of_whole_ones_also_when_it_is_resumed(jmlr, indexed):
    questions = (indexed / "questions.jsonl").read_text()
    (indexed / "longer.jsonl").write_text(
        questions.replace("Colchicine", "Colchicine, half a milligram twice a day for some days")
    )
    looks = ("--set", "data.dev=longer.jsonl", "--set", "evaluation.every=2", "--set", "training.accumulate=2")
    settings = (*looks, "--set", "candidates.refresh=never", "--devices", "2", "--set", "generator.options.batch_tokens=64")
    whole = jmlr(*BASE, *settings)
    assert whole.code == 0, whole.out
    spread = jmlr(*BASE, *settings, "--set", "training.fsdp=true", "--set", "training.save_every=2")
    assert spread.code == 0, spread.out
    expected = (indexed / ".jmlr" / "runs" / whole.json["run"] / "metrics.jsonl").read_text().splitlines()
    kept = ("step", "loss", "lm_loss", "rank_loss", "grad_norm", "dev_lm_loss", "dev_rank_loss", "dev_rank_agreement")

    def figures(lines: list[str]) -> list[dict]:
        return [{name: line[name] for name in kept if name in line} for line in map(json.loads, lines)]

    run = indexed / ".jmlr" / "runs" / spread.json["run"]
    assert figures((run / "metrics.jsonl").read_text().splitlines()) == figures(expected)
    assert adapters(indexed, run.name) == adapters(indexed, whole.json["run"])
    for last in ("checkpoint-4", None):
        interrupted(run, last)
        resumed = jmlr("train", "--resume", run.name, "--json")
        assert resumed.code == 0, resumed.err
        assert resumed.json["steps"] == 4
        assert adapters(indexed, run.name) == adapters(indexed, whole.json["run"])


def test_weights_are_not_spread_over_one_process(jmlr, indexed):
    result = jmlr(*BASE, "--set", "training.fsdp=true")
    assert result.code == 3
    assert "there is one" in result.json["message"]


@pytest.mark.slow
def test_a_mistake_is_told_once_whatever_the_number_of_processes(jmlr, indexed):
    result = jmlr(*BASE, "--devices", "2", "--index", "nowhere")
    assert result.code == 3
    assert result.json["message"] == "there is no index 'nowhere'"


@pytest.mark.slow
def test_a_run_of_two_processes_is_resumed_by_two(jmlr, indexed):
    settings = ("--set", "training.batch_size=1", "--set", "candidates.refresh=never", "--devices", "2")
    whole = jmlr(*BASE, *settings)
    assert whole.code == 0, whole.out
    first = jmlr(*BASE, *settings, "--set", "training.save_every=2")
    assert first.code == 0, first.out
    run = indexed / ".jmlr" / "runs" / first.json["run"]
    interrupted(run, "checkpoint-4")
    resumed = jmlr("train", "--resume", run.name, "--json")
    assert resumed.code == 0, resumed.err
    assert [line["loss"] for line in metrics(indexed, run.name)] == [line["loss"] for line in metrics(indexed, whole.json["run"])]
