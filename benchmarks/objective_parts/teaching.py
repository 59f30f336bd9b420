"""A retriever taught by :class:`.teacher.OverlapTeacher`, with the toolkit's own step and trainer."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from transformers import PrinterCallback, set_seed

from jmlr_cli.assemble import make_objective
from jmlr_cli.contracts.generator import TrainableGenerator
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.errors import InputError
from jmlr_cli.index.open import Index
from jmlr_cli.recipe.schema import CandidatesConfig, Recipe
from jmlr_cli.training.callbacks import Epochs, StartMeter
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.dataset import TrainingSet
from jmlr_cli.training.inputs import proposing_index, step_settings, trainable_retriever
from jmlr_cli.training.interpolation import interpolated
from jmlr_cli.training.joint_step import JointModule
from jmlr_cli.training.trainer import JointTrainer, training_arguments
from objective_parts.teacher import OverlapTeacher


class MixedCandidates(Candidates):
    """A question's own pool, and ``others`` passages of other documents from the pools of other questions (fewer where there
    are not so many): what the other questions of a large batch would bring. Which ones, ``seed`` and the question decide."""

    def __init__(self, index: Index, config: CandidatesConfig, questions: Sequence[Question], others: int, seed: int) -> None:
        super().__init__(index, config)
        self._questions = questions
        self._others = others
        self._seed = seed

    def of(self, question: Question) -> tuple[Passage, ...]:
        own = super().of(question)
        chance, known = random.Random(f"{self._seed} {question.id}"), {passage.document for passage in own}
        drawn: list[Passage] = []
        for other in chance.sample(self._questions, len(self._questions)):
            if len(drawn) == self._others:
                break
            passage = chance.choice(super().of(other))
            if passage.document not in known:
                known.add(passage.document)
                drawn.append(passage)
        return (*own, *drawn)


def teach(recipe: Recipe, index: Index, questions: Sequence[Question], others: int) -> TrainableRetriever:
    """The recipe's retriever after ``training.max_steps`` steps over ``questions``."""
    set_seed(recipe.training.seed)
    retriever = trainable_retriever(recipe)
    if retriever is None:
        raise InputError("the recipe's retriever is frozen", "Leave retriever.train as the recipe small has it.")
    settings = step_settings(recipe)
    settings = replace(settings, sample=settings.sample + others)
    teacher = cast(TrainableGenerator, OverlapTeacher())
    module = JointModule(teacher, retriever, make_objective(recipe.objective), settings, train_generator=False)
    dataset = TrainingSet(questions, recipe.data.answer_style, recipe.training.seed)
    proposing = proposing_index(recipe, index, retriever)
    candidates = MixedCandidates(proposing, recipe.candidates, questions, others, recipe.training.seed)
    with tempfile.TemporaryDirectory() as folder:
        arguments = training_arguments(recipe.training, Path(folder), len(questions), torch.float32)
        trainer = JointTrainer(module, recipe.training, candidates, args=arguments, train_dataset=dataset)
        trainer.remove_callback(PrinterCallback)
        for callback in (Epochs(dataset.set_epoch), StartMeter(trainer.start_meter)):
            trainer.add_callback(callback)
        with interpolated(retriever, recipe.training.retriever_interpolation):
            trainer.train()
    return retriever
