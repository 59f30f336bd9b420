"""What a run needs, found and checked before it begins: questions, the index, the two models."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import cast

from transformers import set_seed

from jmlr_cli.assemble import make_generator, make_objective, make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.filters import conditions
from jmlr_cli.contracts.generator import Generator, TrainableGenerator
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Question
from jmlr_cli.devices import in_main_memory
from jmlr_cli.errors import InputError
from jmlr_cli.index.manifest import Manifest
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.launch import meshed, processes
from jmlr_cli.questions.load import load_questions
from jmlr_cli.questions.targets import AnswerStyle, instruction, lists_options, target
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.training.joint_step import JointModule, StepSettings
from jmlr_cli.training.utilities import UtilityCache
from jmlr_cli.workspace import Workspace

logger = logging.getLogger(__name__)

SURELY_FITS = 1000
"""Bytes of question, options, answer and the generator's options (a system prompt may be among them) that a model's own context
surely holds, so that no tokenizer is asked: a token is at least a byte."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run needs, found and opened: a mistake in it shows before the run begins. ``held_out`` is empty
    when the recipe does not look at any in training."""

    questions: tuple[Question, ...]
    held_out: tuple[Question, ...]
    index: Index | None
    retriever: TrainableRetriever | None
    module: JointModule


def prepare(recipe: Recipe) -> Inputs:
    """Read the questions, open the index and load the models of a recipe."""
    set_seed(recipe.training.seed)
    questions = some_questions(required(recipe.data.train, "data.train"), "train", recipe.data.limit)
    looks = recipe.data.dev is not None and recipe.evaluation.every is not None
    held_out = some_questions(recipe.data.dev or "", "dev", recipe.evaluation.limit) if looks else ()
    index = training_index(recipe, questions)
    retriever = trainable_retriever(recipe)
    if index and retriever:
        index = proposing_index(recipe, index, retriever)
    module = joint_module(recipe, retriever)
    style = recipe.data.answer_style
    return Inputs(
        fitting(questions, module.generator, style),
        fitting(held_out, module.generator, style) if held_out else (),
        index,
        retriever,
        module,
    )


def joint_module(recipe: Recipe, retriever: TrainableRetriever | None) -> JointModule:
    """The two models of a recipe, ready to train. Raises :class:`InputError` when nothing would learn."""
    if not recipe.generator.train and retriever is None:
        raise InputError("nothing would learn: both models are frozen", "Set generator.train or retriever.train to true.")
    if recipe.training.fsdp and recipe.generator.quantization:
        raise InputError(
            "training.fsdp spreads no quantised weights", "Set generator.quantization to null, or training.fsdp to false."
        )
    if recipe.training.fsdp and processes() == 1:
        raise InputError("training.fsdp spreads weights over processes, and there is one", "Add --devices N, or set it to false.")
    if recipe.training.alternate and not (recipe.generator.train and retriever):
        raise InputError("training.alternate takes turns between two models, and one of them is frozen", "Set it to null.")
    objective = make_objective(recipe.objective)
    if recipe.training.alternate and objective.trains_generator:
        raise InputError(
            f"training.alternate takes turns, and the objective {recipe.objective.plugin!r} trains both models at once",
            "Set it to null.",
        )
    generator = make_generator(recipe.generator)
    if not isinstance(generator, TrainableGenerator):
        raise InputError(
            f"the generator {recipe.generator.plugin!r} cannot be part of training: its weights are not here",
            "Choose causal-lm, llama2 or meditron for training.",
        )
    with in_main_memory() if recipe.training.fsdp else nullcontext():
        _freeze(generator, recipe.generator.train)
    if recipe.training.fsdp:
        generator.shard(*meshed())
    if recipe.candidates.in_batch_negatives and retriever and recipe.training.batch_size == 1:
        raise InputError(
            "candidates.in_batch_negatives compares the questions of a batch, and training.batch_size is 1",
            "Set training.batch_size to 2 or more, and training.accumulate lower by as much.",
        )
    settings = step_settings(recipe)
    utilities = UtilityCache(recipe.candidates.utility_cache) if recipe.candidates.utility_cache else None
    return JointModule(generator, retriever, objective, settings, recipe.generator.train, utilities)


def step_settings(recipe: Recipe) -> StepSettings:
    """What the joint step takes from a recipe."""
    config = recipe.candidates
    return StepSettings(
        sample=config.sample,
        read=config.read,
        weight=recipe.objective.weight,
        answer_style=recipe.data.answer_style,
        in_batch_negatives=config.in_batch_negatives,
        draw_temperature=config.draw_temperature,
    )


def _freeze(generator: TrainableGenerator, with_adapters: bool) -> None:
    if with_adapters:
        generator.add_adapters()
    else:
        generator.module.requires_grad_(False)


def trainable_retriever(recipe: Recipe) -> TrainableRetriever | None:
    """The retriever that learns; None when the recipe keeps it frozen.

    Raises :class:`InputError` when the recipe wants to train one that cannot learn.
    """
    if not recipe.retriever.train:
        return None
    retriever = make_retriever(recipe.retriever)
    if not retriever.trainable:
        raise InputError(f"the retriever {recipe.retriever.plugin!r} has nothing to train", "Set retriever.train to false.")
    learner = cast(TrainableRetriever, retriever)
    if recipe.candidates.refresh == "query-only":
        learner.freeze_passages()
    elif recipe.retriever.options.get("query_checkpoint"):
        raise InputError(
            "retriever.options.query_checkpoint gives questions an encoder of their own, and both would learn",
            "Set candidates.refresh to query-only, so that it alone learns, or leave query_checkpoint out.",
        )
    return learner


def proposing_index(recipe: Recipe, index: Index, retriever: TrainableRetriever) -> Index:
    """``index`` as it proposes candidates: in query-only training of the retriever that wrote it, searched by that as it learns,
    since its passages stay as they are; otherwise as it is."""
    exact = recipe.candidates.refresh == "query-only" and retriever.fingerprint == index.manifest.fingerprint
    return index.searched_by(retriever) if exact else index


def training_index(recipe: Recipe, questions: Sequence[Question]) -> Index | None:
    """The index that proposes candidates, behind the recipe's filters; None when the recipe names none because each question
    brings its own passages, or reads no passage at all (closed-book)."""
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
    return index.within(conditions(recipe.data.where))


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
    texts = [question.text, answer, *(option.text for option in question.options), str(generator.config.options)]
    if sum(len(text.encode()) for text in texts) < min(SURELY_FITS, (generator.config.context or SURELY_FITS) // 2):
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
