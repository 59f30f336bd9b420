"""What a recipe would cost, from the models' shapes alone: no weights are needed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.contracts.config import GeneratorConfig, LoraConfig
from jmlr_cli.errors import InputError
from jmlr_cli.models.catalogue import Shape, find_shape
from jmlr_cli.plugins import registry
from jmlr_cli.questions.load import load_questions
from jmlr_cli.recipe.schema import Recipe

GIB = 2**30
UNGATED = ("bert", "distilbert", "roberta", "gpt2", "gpt_neox", "opt")
TOKENS_PER_WORD = 1.4
QUESTION_TOKENS = 200
BYTES = {"float32": 4.0, "bfloat16": 2.0, "float16": 2.0, "auto": 2.0}
QUANTISED = {"nf4": 0.516, "int8": 1.0}
"""Bytes a weight of a quantised layer. nf4: 4 bits, for each 64 weights a scale of 8 bits, for 256 of those 4 bytes."""
A100_FLOPS = 312e12 * 0.4
"""The bfloat16 rate of an NVIDIA A100 (its data sheet), at a utilisation of 40 %."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's size. Memory in GiB, time in hours on one A100 at 40 % of its bfloat16 peak; None where it
    hangs on something that is not here (the question set, a model's shape)."""

    generator_parameters: int | None
    adapter_parameters: int | None
    retriever_parameters: int | None
    tokens_per_question: int
    questions: int | None
    steps: int | None
    memory: float | None
    a100_hours: float | None


def make_plan(recipe: Recipe) -> Plan:
    """The plan of a recipe."""
    generator, retriever = shape_of(recipe.generator.model), shape_of(recipe.retriever.checkpoint)
    adapters = adapter_parameters(generator, recipe.generator.lora) if generator and recipe.generator.train else None
    scored, read = question_tokens(recipe)
    questions = _question_count(recipe)
    steps = _steps(recipe, questions)
    return Plan(
        generator_parameters=parameters(generator) if generator else None,
        adapter_parameters=adapters,
        retriever_parameters=parameters(retriever) if retriever and recipe.retriever.train else None,
        tokens_per_question=scored + read,
        questions=questions,
        steps=steps,
        memory=_memory(recipe, generator, retriever, adapters or 0, read) if generator else None,
        a100_hours=_hours(recipe, generator, scored, read, steps) if generator and steps else None,
    )


def parameters(shape: Shape) -> int:
    """How many weights a transformer of this shape has, embeddings included."""
    key_value = shape.hidden * shape.kv_heads // shape.heads
    attention = 2 * shape.hidden * shape.hidden + 2 * shape.hidden * key_value
    feed_forward = (3 if shape.gated else 2) * shape.hidden * shape.intermediate
    return shape.layers * (attention + feed_forward) + _embeddings(shape)


def weight_bytes(shape: Shape, config: GeneratorConfig) -> float:
    """What the frozen weights take. Quantisation leaves the embeddings and the output layer as they are."""
    each, embeddings = BYTES[config.dtype], _embeddings(shape)
    return (parameters(shape) - embeddings) * QUANTISED.get(config.quantization or "", each) + embeddings * each


def adapter_parameters(shape: Shape, lora: LoraConfig) -> int:
    """How many weights the LoRA adapters have: r · (inputs + outputs) for each targeted layer."""
    key_value = shape.hidden * shape.kv_heads // shape.heads
    sizes = {
        "q_proj": (shape.hidden, shape.hidden), "o_proj": (shape.hidden, shape.hidden),
        "k_proj": (shape.hidden, key_value), "v_proj": (shape.hidden, key_value),
        "gate_proj": (shape.hidden, shape.intermediate), "up_proj": (shape.hidden, shape.intermediate),
        "down_proj": (shape.intermediate, shape.hidden),
    }  # fmt: skip
    layers = sum(sum(sizes[name]) for name in lora.targets if name in sizes) * shape.layers
    head = shape.hidden + shape.vocabulary if "lm_head" in lora.targets else 0
    return lora.r * (layers + head)


def question_tokens(recipe: Recipe) -> tuple[int, int]:
    """Tokens that the language model reads for one question: (when scoring candidates, when learning)."""
    passage = math.ceil(recipe.data.passage_words * TOKENS_PER_WORD)
    scored = recipe.candidates.sample * (passage + QUESTION_TOKENS) if recipe.retriever.train else 0
    read = recipe.candidates.read * passage + QUESTION_TOKENS if recipe.generator.train else 0
    return scored, min(read, recipe.generator.context or read)


def shape_of(model: str | None) -> Shape | None:
    """The shape of a model: from the catalogue, or from the config of a local folder."""
    known = find_shape(model)
    if known or model is None:
        return known
    config = Path(model).expanduser() / "config.json"
    return _shape_from(config) if config.is_file() else None


def _embeddings(shape: Shape) -> int:
    return shape.vocabulary * shape.hidden * (1 if shape.tied else 2)


def _shape_from(config: Path) -> Shape | None:
    try:
        values = json.loads(config.read_text(encoding="utf-8"))
        heads = values["num_attention_heads"]
        return Shape(
            layers=values["num_hidden_layers"],
            hidden=values["hidden_size"],
            intermediate=values["intermediate_size"],
            heads=heads,
            kv_heads=values.get("num_key_value_heads") or heads,
            vocabulary=values["vocab_size"],
            context=values["max_position_embeddings"],
            tied=bool(values.get("tie_word_embeddings", True)),
            gated=values.get("model_type") not in UNGATED,
        )
    except KeyError:  # an architecture that names its sizes otherwise, such as GPT-2
        return None
    except (ValueError, TypeError) as error:
        raise InputError(f"{config} does not describe a model ({error})", "Name another folder.") from None


def _question_count(recipe: Recipe) -> int | None:
    """How many questions a run would train on: counted in a file, known beforehand for a task, else None."""
    source = recipe.data.train
    if source is None:
        return None
    if Path(source).expanduser().exists():
        found: int | None = len(load_questions(source, "train").questions)
    else:
        found = registry().get("task", source).sizes.get("train")
    return min(found, recipe.data.limit or found) if found else None


def _steps(recipe: Recipe, questions: int | None) -> int | None:
    """As the trainer counts them: an epoch's last step may hold fewer questions."""
    training = recipe.training
    if training.max_steps:
        return training.max_steps
    each = training.batch_size * training.accumulate * training.devices
    return math.ceil(training.epochs * math.ceil(questions / each)) if questions else None


def _memory(recipe: Recipe, generator: Shape, retriever: Shape | None, adapters: int, read: int) -> float:
    """Weights, of which a device has its part where they are spread; adapters with their gradients and AdamW's two moments (16
    bytes each), the retriever likewise; the activations of one prompt: one hidden state a layer when recomputed, some 34
    otherwise."""
    kept = 2 if _recomputes(recipe) else 34
    activations = recipe.training.batch_size * read * generator.hidden * generator.layers * kept
    logits = recipe.training.batch_size * QUESTION_TOKENS * generator.vocabulary * 4
    encoder = parameters(retriever) * (16 if recipe.retriever.train else 4) if retriever else 0
    weights = weight_bytes(generator, recipe.generator) / (recipe.training.devices if recipe.training.fsdp else 1)
    return round((weights + adapters * 16 + encoder + activations + logits) / GIB, 1)


def _hours(recipe: Recipe, generator: Shape, scored: int, read: int, steps: int) -> float:
    """2 operations a weight and token forwards, 4 backwards, 2 more when activations are recomputed."""
    backwards = 6 + 2 * _recomputes(recipe)
    per_question = parameters(generator) * (2 * scored + backwards * read)
    per_step = per_question * recipe.training.batch_size * recipe.training.accumulate * recipe.training.devices
    return round(per_step * steps / A100_FLOPS / 3600, 2)


def _recomputes(recipe: Recipe) -> bool:
    return bool(recipe.generator.options.get("gradient_checkpointing"))
