"""A whole training run: train, look, refresh, save."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from transformers import PrinterCallback

from jmlr_cli import devices
from jmlr_cli.launch import processes
from jmlr_cli.recipe.schema import EverySteps
from jmlr_cli.runs.checkpoints import generation_of, sealed
from jmlr_cli.runs.run import Run
from jmlr_cli.training.callbacks import Bar, Curves, Epochs, Every, MetricsFile, StartMeter, append_metrics, tensorboard
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.dataset import TrainingSet
from jmlr_cli.training.held_out import held_out_metrics
from jmlr_cli.training.inputs import Inputs
from jmlr_cli.training.interpolation import interpolated
from jmlr_cli.training.refresh import BarMaker, Generations, encode, generation_name, refresh_staleness
from jmlr_cli.training.trainer import JointTrainer, training_arguments


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run went: the means of its last line of metrics, and its length in optimizer steps and seconds."""

    run: Run
    steps: int
    seconds: float
    loss: float | None
    lm_loss: float | None
    rank_loss: float | None
    rank_agreement: float | None


class Session:
    """One run in the making. In a run on several devices each process has its own; the first one writes."""

    def __init__(self, run: Run, inputs: Inputs, bar: BarMaker) -> None:
        recipe = run.recipe
        self.run, self.recipe, self.inputs, self.bar = run, recipe, inputs, bar
        self.retriever, self.module = inputs.retriever, inputs.module
        self.questions = self._set(inputs.questions)
        self.candidates = Candidates(inputs.index, recipe.candidates)
        self.generations = Generations(run.refreshed, recipe, bar)

    def train(self, resume: Path | None = None) -> Summary:
        """Train to the end, or on from the checkpoint ``resume``; leave the finished models in the run."""
        started = time.monotonic()
        share = self.recipe.training.retriever_interpolation
        with self.bar("training") as progress, interpolated(self.retriever, share):
            trainer = self._trainer(Bar(progress))
            self._go_back_to(trainer, resume)
            trainer.train_from(resume)
        if trainer.is_world_process_zero():
            self._save()
        trainer.accelerator.wait_for_everyone()
        return self._summary(trainer, time.monotonic() - started)

    def _set(self, questions: tuple) -> TrainingSet:
        return TrainingSet(questions, self.recipe.data.answer_style, self.recipe.training.seed)

    def _trainer(self, bar: Bar) -> JointTrainer:
        training = self.recipe.training
        arguments = training_arguments(
            training, self.run.checkpoints, self._epoch_steps, devices.dtype(self.recipe.generator.dtype)
        )
        trainer = JointTrainer(self.module, training, self.candidates, args=arguments, train_dataset=self.questions)
        trainer.remove_callback(PrinterCallback)
        after_steps = [*self._refreshes(trainer), *self._looks(trainer)]
        watchers = [MetricsFile(self.run.metrics), Curves(self.run), bar] if trainer.is_world_process_zero() else []
        if training.tensorboard:
            watchers.append(tensorboard(self.run.folder / "tensorboard"))
        for callback in (Epochs(self.questions.set_epoch), StartMeter(trainer.start_meter), *after_steps, *watchers):
            trainer.add_callback(callback)
        return trainer

    @cached_property
    def _epoch_steps(self) -> int:
        """Optimizer steps in an epoch."""
        training = self.recipe.training
        each = training.batch_size * training.accumulate * processes()
        return max(1, math.ceil(len(self.questions) / each))

    # -- the index, as the retriever changes

    def _refreshes(self, trainer: JointTrainer) -> list[Every]:
        refresh = self.recipe.candidates.refresh
        if refresh in ("never", "query-only") or self.retriever is None or self.candidates.index is None:
            return []
        # an epoch's end is counted in steps: a checkpoint made there then comes after the refresh
        steps = refresh.every if isinstance(refresh, EverySteps) else self._epoch_steps
        return [Every(steps, lambda step: self._refresh(trainer, step))]

    def _refresh(self, trainer: JointTrainer, step: int) -> None:
        assert self.retriever is not None
        assert self.candidates.index is not None
        trainer.generation = generation_name(step)
        with torch.random.fork_rng():
            if trainer.is_world_process_zero():
                self.generations.write(trainer.generation, self.retriever, self.candidates.index)
            trainer.accelerator.wait_for_everyone()
            before = self.candidates.refresh(self.generations.open(trainer.generation))
            aged = refresh_staleness(before, self.candidates, self.questions.questions, max(self.recipe.candidates.read, 1))
        if trainer.is_world_process_zero():
            self.generations.keep([trainer.generation, *map(generation_of, sealed(self.run.checkpoints))])
            append_metrics(self.run.metrics, step, {"refresh_staleness": aged, "generation": trainer.generation})

    def _go_back_to(self, trainer: JointTrainer, checkpoint: Path | None) -> None:
        """Take candidates from the index that a checkpoint's came from."""
        trainer.generation = generation_of(checkpoint) if checkpoint else None
        if trainer.generation:
            with torch.random.fork_rng():
                self.candidates.refresh(self.generations.open(trainer.generation))

    # -- held-out questions

    def _looks(self, trainer: JointTrainer) -> list[Every]:
        every = self.recipe.evaluation.every
        if not self.inputs.held_out or every is None:
            return []
        questions = self._set(self.inputs.held_out)
        return [Every(every, lambda step: self._look(trainer, questions, step), ends=True)]

    def _look(self, trainer: JointTrainer, questions: TrainingSet, step: int) -> None:
        if not (trainer.is_world_process_zero() or self.recipe.training.fsdp):  # spread weights are used by all together
            return
        candidates = Candidates(self.candidates.index, self.recipe.candidates)
        with torch.random.fork_rng():
            metrics = held_out_metrics(self.module, questions, candidates, self.recipe.training.batch_size)
        if trainer.is_world_process_zero():
            append_metrics(self.run.metrics, step, metrics)

    # -- the end

    def clean(self) -> None:
        """Remove what only a run that goes on needs; call it when the run is known to be finished."""
        self.generations.clear()

    def _save(self) -> None:
        if self.module.train_generator:
            self.module.generator.save(self.run.adapters)
        if self.retriever is not None and self.candidates.index is not None:
            encode(self.run.folder, self.retriever, self.recipe, self.candidates.index, self.bar)
        elif self.retriever is not None:
            self.retriever.save(self.run.retriever)

    def _summary(self, trainer: JointTrainer, seconds: float) -> Summary:
        last = next((line for line in reversed(trainer.state.log_history) if "loss" in line), {})
        values = {name: last.get(name) for name in ("loss", "lm_loss", "rank_loss", "rank_agreement")}
        return Summary(self.run, trainer.state.global_step, seconds, **values)
