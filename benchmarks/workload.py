"""What both sides work on: two models, one question and its candidates, made from a seed."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from settings import Settings, make_recipe
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
from transformers.utils import logging

from jmlr_cli import devices
from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.models.catalogue import Shape, catalogue
from jmlr_cli.models.resolve import sample_texts
from jmlr_cli.models.tiny import build_tiny_decoder, build_tiny_encoder
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.training.inputs import joint_module, trainable_retriever
from jmlr_cli.training.joint_step import JointModule, TrainingItem
from jmlr_cli.training.trainer import parameter_groups

QUESTION_TOKENS, ANSWER_TOKENS = 60, 8
ADAPTER_SPREAD = 2e-3
"""Standard deviation given to the adapters' second matrix, which starts at zero and would hide the first's gradient."""


@dataclass(frozen=True, slots=True)
class Workload:
    """The toolkit's own module, which holds the two models, and the one item that every step takes."""

    recipe: Recipe
    module: JointModule
    item: TrainingItem
    dtype: torch.dtype

    def computing(self) -> AbstractContextManager[Any]:
        """As the trainer computes: bfloat16 by autocast, float32 as it is."""
        return torch.autocast(devices.device().type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16)

    def optimizer(self) -> torch.optim.Optimizer:
        """AdamW over the toolkit's groups at the rate 0: all its arithmetic, and the weights stay as they are."""
        groups = [{**group, "lr": 0.0} for group in parameter_groups(self.module, self.recipe.training)]
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=0.0)


def make_workload(settings: Settings, folder: Path) -> Workload:
    """Build the models (those made here are written into ``folder``) and the item."""
    logging.disable_progress_bar()
    recipe = make_recipe(settings, *_models(settings.shape, folder))
    torch.manual_seed(settings.seed)
    module = joint_module(recipe, trainable_retriever(recipe)).train()
    _without_dropout(module)
    for name, value in module.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(value, std=ADAPTER_SPREAD)
    item = _item(settings, module.generator)
    return Workload(recipe, module, item, devices.dtype(settings.dtype))


def _models(shape: str, folder: Path) -> tuple[str, str]:
    """Names or folders of the encoder and the decoder."""
    if shape == "small":
        return "all-minilm-l6-v2", "smollm2-135m"
    texts = sample_texts()
    encoder, decoder = build_tiny_encoder(folder / "encoder", texts), build_tiny_decoder(folder / "decoder", texts)
    if shape == "llama2-7b":
        grow(encoder, AutoModel, catalogue()["colbertv2"].shape, torch.float32)
        grow(decoder, AutoModelForCausalLM, catalogue()["llama-2-7b"].shape, torch.bfloat16)
    return str(encoder), str(decoder)


def grow(folder: Path, kind: Any, shape: Shape, dtype: torch.dtype) -> None:
    """Put random weights of another shape into a tiny model's folder; its tokenizer stays."""
    config = AutoConfig.from_pretrained(folder)
    sizes = {
        "num_hidden_layers": shape.layers, "hidden_size": shape.hidden, "intermediate_size": shape.intermediate,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.context, "head_dim": shape.hidden // shape.heads,
    }  # fmt: skip
    config.update({name: value for name, value in sizes.items() if hasattr(config, name)})
    with torch.device(devices.device()):
        kind.from_config(config, dtype=dtype).save_pretrained(folder)


def _without_dropout(module: torch.nn.Module) -> None:
    """Set every dropout to zero, so that the losses of both sides can be compared."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
        if isinstance(getattr(layer, "attention_dropout", None), float):
            setattr(layer, "attention_dropout", 0.0)  # noqa: B010 - not every module has one


def _item(settings: Settings, generator: Any) -> TrainingItem:
    """A question and its candidates: random words of the sample's pages, cut by the language model's tokenizer."""
    words, chance = (
        sorted({word for text in sample_texts() for word in text.split() if word.isalpha()}),
        random.Random(settings.seed),
    )

    def text(tokens: int) -> str:
        drawn = " ".join(chance.choices(words, k=tokens))
        offsets = generator.tokenizer(drawn, return_offsets_mapping=True, add_special_tokens=False)["offset_mapping"]
        return drawn[: offsets[tokens - 1][1]].strip()

    lengths = [chance.randint(*settings.passage_tokens) for _ in range(settings.candidates)]
    passages = tuple(Passage(f"p{n}", f"d{n}", "", text(length), 0) for n, length in enumerate(lengths))
    question = Question("q", text(QUESTION_TOKENS) + "?", answer=text(ANSWER_TOKENS))
    return TrainingItem(question, passages, question.answer or "", settings.seed)
