"""A whole training run: set up, train, save, clean up."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from transformers import PrinterCallback, set_seed

from jmlr_cli import devices
from jmlr_cli.assemble import make_generator, make_objective, make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.generator import Generator, TrainableGenerator
from jmlr_cli.contracts.progress import Progress
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Question
from jmlr_cli.errors import InputError
from jmlr_cli.index.build import build_index
from jmlr_cli.index.manifest import Manifest
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.questions.load import load_questions
from jmlr_cli.questions.targets import AnswerStyle, instruction, lists_options, target
from jmlr_cli.recipe.schema import EverySteps, Recipe
from jmlr_cli.runs.run import Run
from jmlr_cli.training.callbacks import Bar, Every, MetricsFile, append_metrics
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.dataset import TrainingSet
from jmlr_cli.training.held_out import held_out_metrics
from jmlr_cli.training.joint_step import JointModule, StepSettings
from jmlr_cli.training.trainer import JointTrainer, training_arguments
from jmlr_cli.workspace import Workspace

logger = logging.getLogger(__name__)

SURELY_FITS = 1000
"""Characters of question and answer that a model's own context surely holds, so that no tokenizer is asked."""

BarMaker = Callable[[str], AbstractContextManager[Progress]]


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


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run needs, found and opened: a mistake in it shows before the run begins."""

    questions: tuple[Question, ...]
    index: Index | None
    retriever: TrainableRetriever | None
    module: JointModule


def prepare(recipe: Recipe) -> Inputs:
    """Read the questions, open the index and load the models of a recipe."""
    set_seed(recipe.training.seed)
    questions = some_questions(required(recipe.data.train, "data.train"), "train", recipe.data.limit)
    index = training_index(recipe, questions)
    retriever = trainable_retriever(recipe)
    module = joint_module(recipe, retriever)
    return Inputs(fitting(questions, module.generator, recipe.data.answer_style), index, retriever, module)


class Session:
    """One run in the making."""

    def __init__(self, run: Run, inputs: Inputs, bar: BarMaker) -> None:
        self.run = run
        self.bar = bar
        self.questions, self.index = inputs.questions, inputs.index
        self.retriever, self.module = inputs.retriever, inputs.module
        self.candidates = Candidates(self.index, run.recipe.candidates.pool)

    def train(self, resume: Path | None = None) -> Summary:
        """Train to the end, or on from the checkpoint ``resume``; leave the finished models in the run."""
        started = time.monotonic()
        with self.bar("training") as progress:
            trainer = self._trainer(progress)
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
        self._save()
        return self._summary(trainer, time.monotonic() - started)

    def _trainer(self, progress: Progress) -> JointTrainer:
        recipe = self.run.recipe
        dataset = TrainingSet(self.questions, self.candidates, recipe.data.answer_style, recipe.training.seed)
        steps = math.ceil(len(dataset) / (recipe.training.batch_size * recipe.training.accumulate))
        dtype = devices.dtype(recipe.generator.dtype)
        callbacks: list[Any] = [MetricsFile(self.run.metrics), Bar(progress), *self._refreshes(), *self._looks()]
        arguments = training_arguments(recipe.training, self.run.checkpoints, steps, dtype)
        trainer = JointTrainer(self.module, recipe.training, args=arguments, train_dataset=dataset, callbacks=callbacks)
        trainer.remove_callback(PrinterCallback)
        return trainer

    # -- the index, as the retriever changes

    def _refreshes(self) -> list[Every]:
        refresh = self.run.recipe.candidates.refresh
        if refresh == "never" or self.retriever is None or self.index is None:
            return []
        return [Every(refresh.every if isinstance(refresh, EverySteps) else None, self._refresh)]

    def _refresh(self, step: int) -> None:
        with torch.random.fork_rng():
            self.candidates.refresh(self._encoded_index())

    def _encoded_index(self) -> Index:
        """The run's own index: the same passages, encoded by the retriever as it is now."""
        assert self.index is not None
        assert self.retriever is not None
        self.retriever.save(self.run.retriever)
        with self.bar("encoding the index") as progress:
            fresh = make_retriever(self.run.retriever_config)
            build_index(self.run.index, fresh, list(self.index.passages), self.index.manifest.passage_words, progress)
        return open_index(self.run.index, make_retriever)

    # -- held-out questions

    def _looks(self) -> list[Every]:
        recipe = self.run.recipe
        if recipe.data.dev is None or recipe.evaluation.every is None:
            return []
        found = some_questions(recipe.data.dev, "dev", recipe.evaluation.limit)
        questions = fitting(found, self.module.generator, recipe.data.answer_style)
        dataset = TrainingSet(
            questions, Candidates(self.index, recipe.candidates.pool), recipe.data.answer_style, recipe.training.seed
        )
        return [Every(recipe.evaluation.every, lambda step: self._look(dataset, step))]

    def _look(self, dataset: TrainingSet, step: int) -> None:
        with torch.random.fork_rng():
            metrics = held_out_metrics(self.module, dataset, self.run.recipe.training.batch_size)
        append_metrics(self.run.metrics, step, metrics)

    # -- the end

    def _save(self) -> None:
        if self.module.train_generator:
            self.module.generator.save(self.run.adapters)
        if self.retriever is not None and self.index is not None:
            self._encoded_index()
        elif self.retriever is not None:
            self.retriever.save(self.run.retriever)

    def _summary(self, trainer: JointTrainer, seconds: float) -> Summary:
        last = next((line for line in reversed(trainer.state.log_history) if "loss" in line), {})
        values = {name: last.get(name) for name in ("loss", "lm_loss", "rank_loss", "rank_agreement")}
        return Summary(self.run, trainer.state.global_step, seconds, **values)


def joint_module(recipe: Recipe, retriever: TrainableRetriever | None) -> JointModule:
    """The two models of a recipe, ready to train. Raises :class:`InputError` when nothing would learn."""
    if not recipe.generator.train and retriever is None:
        raise InputError("nothing would learn: both models are frozen", "Set generator.train or retriever.train to true.")
    generator = make_generator(recipe.generator)
    if not isinstance(generator, TrainableGenerator):
        raise InputError(
            f"the generator {recipe.generator.plugin!r} cannot be part of training: its weights are not here",
            "Choose causal-lm, llama2 or meditron for training.",
        )
    if recipe.generator.train:
        generator.add_adapters()
    else:
        generator.module.requires_grad_(False)
    settings = StepSettings(recipe.candidates.sample, recipe.candidates.read, recipe.objective.weight, recipe.data.answer_style)
    return JointModule(generator, retriever, make_objective(recipe.objective), settings, recipe.generator.train)


def trainable_retriever(recipe: Recipe) -> TrainableRetriever | None:
    """The retriever that learns; None when the recipe keeps it frozen.

    Raises :class:`InputError` when the recipe wants to train one that cannot learn.
    """
    if not recipe.retriever.train:
        return None
    retriever = make_retriever(recipe.retriever)
    if not retriever.trainable:
        raise InputError(f"the retriever {recipe.retriever.plugin!r} has nothing to train", "Set retriever.train to false.")
    return cast(TrainableRetriever, retriever)


def training_index(recipe: Recipe, questions: Sequence[Question]) -> Index | None:
    """The index that proposes candidates; None when the recipe names none because each question brings its
    own passages, or reads no passage at all (closed-book)."""
    name = recipe.data.index
    if recipe.candidates.read == 0 and not recipe.retriever.train:
        return None
    if name is None:
        if not all(question.passages for question in questions):
            raise InputError(
                "the recipe names no index, and the questions bring no passages", "Add --index NAME (see `jmlr index`)."
            )
        return None
    index = open_index(Workspace.current().index(name), make_retriever)
    if not recipe.retriever.train and make_retriever(recipe.retriever).fingerprint != index.manifest.fingerprint:
        raise InputError(
            f"the index {name!r} was built by {_described(index.manifest)}, and the recipe's frozen retriever is "
            f"{_described(recipe.retriever)}",
            f"Build one: jmlr index FOLDER --name NAME --retriever {recipe.retriever.plugin}",
        )
    return index


def _described(retriever: Manifest | RetrieverConfig) -> str:
    plugin = retriever.retriever if isinstance(retriever, Manifest) else retriever.plugin
    return " ".join(filter(None, (plugin, retriever.checkpoint)))


def some_questions(source: str, split: str, limit: int | None) -> tuple[Question, ...]:
    """The first ``limit`` questions of a set. Raises :class:`InputError` when it has none."""
    questions = load_questions(source, split).questions[:limit]
    if not questions:
        raise InputError(f"there are no questions in {source}", "Give a file with at least one.")
    return questions


def fitting(questions: Sequence[Question], generator: Generator, style: AnswerStyle) -> tuple[Question, ...]:
    """The questions that fit the model's context together with their answers; how many do not is logged.

    Raises :class:`InputError` when none does.
    """
    found = tuple(question for question in questions if _fits(question, generator, style))
    if not found:
        raise InputError("no question fits the model's context together with its answer", "Raise generator.context.")
    if len(found) < len(questions):
        logger.warning(
            "%d of %d questions are left out: with their answers they exceed the context",
            len(questions) - len(found),
            len(questions),
        )
    return found


def _fits(question: Question, generator: Generator, style: AnswerStyle) -> bool:
    answer = target(question, style)
    if len(question.text) + len(answer) < min(SURELY_FITS, (generator.config.context or SURELY_FITS) // 2):
        return True
    try:
        generator.render(question, (), answer, list_options=lists_options(style), instruction=instruction(question, style))
    except InputError:
        return False
    return True


def required(value: str | None, key: str) -> str:
    """``value``, or an :class:`InputError` that names the recipe's missing ``key``."""
    if value is None:
        raise InputError(f"the recipe lacks {key}", f"Add it: --set {key}=VALUE")
    return value
