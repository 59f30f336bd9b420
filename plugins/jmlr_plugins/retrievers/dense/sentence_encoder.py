"""A sentence encoder as one module: transformer, pooling, dense layers, normalisation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.errors import InputError
from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.dense.pooling import pool
from jmlr_plugins.retrievers.dense.sentence_layout import SentenceLayout, write_layout
from jmlr_plugins.retrievers.encoders.adapters import with_adapters, without_adapters
from jmlr_plugins.retrievers.encoders.checkpoint import load_backbone, quiet, read_json, read_weights

ACTIVATIONS = {"Identity": nn.Identity, "Tanh": nn.Tanh, "ReLU": nn.ReLU, "GELU": nn.GELU}


class SentenceEncoder(nn.Module):
    """Token ids (B, L) and their mask to vectors (B, d) float32."""

    def __init__(self, backbone: nn.Module, dense: list[Dense], layout: SentenceLayout) -> None:
        super().__init__()
        self.backbone = backbone
        self.dense = nn.Sequential(*dense)
        self.layout = layout

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states = self.backbone(input_ids=ids, attention_mask=mask).last_hidden_state
        vectors = torch.cat([pool(mode, states.float(), mask) for mode in self.layout.poolings], dim=1)
        vectors = self.dense(vectors).float()
        return nn.functional.normalize(vectors, dim=1) if self.layout.normalize else vectors


class Dense(nn.Module):
    """A linear layer and its activation function, in the file format of sentence-transformers' Dense."""

    def __init__(self, width_in: int, width_out: int, bias: bool, activation: str) -> None:
        super().__init__()
        self.linear = nn.Linear(width_in, width_out, bias=bias)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, vectors: Tensor) -> Tensor:
        return self.activation(self.linear(vectors))

    @classmethod
    def read(cls, folder: Path) -> Dense:
        """The layer in ``folder``. Raises :class:`InputError` when its activation is not known or its weights are not there."""
        settings = read_json(folder / "config.json")
        name = settings.get("activation_function", "torch.nn.modules.activation.Tanh").rsplit(".", 1)[-1]
        if name not in ACTIVATIONS or settings.get("use_residual"):
            raise InputError(f"the dense layer {folder} is of a kind that is not known here ({name})")
        layer = cls(settings["in_features"], settings["out_features"], settings.get("bias", True), name)
        try:
            layer.load_state_dict(read_weights(folder))
        except RuntimeError as error:
            raise InputError(f"the dense layer {folder} does not fit its weights: {error}", "Fetch the model again.") from error
        return layer

    def write(self, folder: Path) -> None:
        """Write the files that :meth:`read` reads."""
        activation = type(self.activation)
        settings: dict[str, Any] = {
            "in_features": self.linear.in_features,
            "out_features": self.linear.out_features,
            "bias": self.linear.bias is not None,
            "activation_function": f"{activation.__module__}.{activation.__name__}",
        }
        write_json(folder / "config.json", settings)
        save_file({name: tensor.contiguous().cpu() for name, tensor in self.state_dict().items()}, folder / "model.safetensors")


def load_sentence_encoder(
    folder: Path, layout: SentenceLayout, lora: LoraConfig | None
) -> tuple[SentenceEncoder, PreTrainedTokenizerBase]:
    """The encoder in ``folder``, whose layout may have been overridden, and its tokenizer."""
    backbone, tokenizer = load_backbone(folder / layout.transformer)
    dense = [Dense.read(folder / path) for path in layout.dense]
    return SentenceEncoder(with_adapters(backbone, lora), dense, layout), tokenizer


def save_sentence_encoder(encoder: SentenceEncoder, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a folder that sentence-transformers and :func:`load_sentence_encoder` load."""
    backbone: Any = without_adapters(encoder.backbone)
    with quiet():
        backbone.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    layers = [layer for layer in encoder.dense if isinstance(layer, Dense)]
    dense = tuple(f"{place}_Dense" for place in range(2, 2 + len(layers)))
    for path, layer in zip(dense, layers, strict=True):
        layer.write(folder / path)
    write_layout(folder, replace(encoder.layout, transformer="", dense=dense), backbone.config.hidden_size)
