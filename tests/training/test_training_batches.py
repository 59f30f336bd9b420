"""However questions are split into batches, an optimizer step learns from their mean."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments

from jmlr_cli.recipe.schema import TrainingConfig
from jmlr_cli.training.trainer import training_arguments

QUIET = ("generator.lora.dropout=0", "training.warmup=0", "training.schedule=constant", "training.learning_rate=1e-3")


@pytest.fixture
def five(tmp_path):
    """Five questions with passages of their own, so that steps of four leave one over."""
    pages = [f"Drug {n} treats number {n}." for n in range(4)]
    records = [{"input": f"What treats number {n}?", "output": f"Drug {n}", "doc": pages[: n % 3 + 2]} for n in range(5)]
    (tmp_path / "five.json").write_text(json.dumps(records))
    return tmp_path / "five.json"


def without_dropout(inputs) -> None:
    for layer in inputs.module.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0


def losses(run) -> list[dict[str, float]]:
    return [line for line in run.read_metrics() if "loss" in line]


@pytest.mark.parametrize(("batch", "accumulate"), [(2, 2), (1, 4)])
def test_accumulated_batches_learn_what_one_large_batch_learns(train, five, batch, accumulate):
    runs = []
    for size, count in ((4, 1), (batch, accumulate)):
        run, summary = train(
            f"data.train={five}", "data.index=", "training.max_steps=null", "training.epochs=2",
            f"training.batch_size={size}", f"training.accumulate={count}", *QUIET, index=False, change=without_dropout,
        )  # fmt: skip
        assert summary.steps == 4
        runs.append(run)
    whole, split = map(losses, runs)
    for name in ("loss", "lm_loss", "rank_loss", "rank_agreement"):
        assert [line[name] for line in split] == pytest.approx([line[name] for line in whole], abs=2e-4), name
    weights = [load_file(run.adapters / "adapter_model.safetensors") for run in runs]
    assert all((weights[0][name] - weights[1][name]).abs().max() < 1e-3 for name in weights[0])


def test_models_take_turns_when_the_recipe_says_so(train):
    run, _ = train("training.alternate=2", "training.max_steps=6")
    seen = [("lm_loss" in line, "rank_loss" in line) for line in losses(run)]
    assert seen == [(True, False)] * 2 + [(False, True)] * 2 + [(True, False)] * 2


def test_each_line_of_metrics_says_what_was_seen_and_what_it_cost(train):
    run, _ = train("training.max_steps=3")
    lines = losses(run)
    expected = {"lm_loss", "rank_loss", "rank_agreement", "nll_spread", "staleness", "cut_tokens", "guarded", "tokens_per_second"}
    for line in lines:
        assert expected <= line.keys()
        assert line["memory_gib"] > 0.05
        assert line["tokens_per_second"] > 0
    hours = [line["device_hours"] for line in lines]
    assert hours == sorted(hours)
    assert hours[0] > 0
    assert lines[-1]["device_hours_left"] == 0
    assert run.curves.read_bytes().startswith(b"\x89PNG")


def test_one_process_uses_one_of_several_gpus(monkeypatch, tmp_path):
    monkeypatch.setattr(TrainingArguments, "n_gpu", property(lambda self: self._n_gpu or 4))
    arguments = training_arguments(TrainingConfig(batch_size=2), tmp_path, 1, torch.float32)
    assert (arguments.n_gpu, arguments.train_batch_size) == (1, 2)
