"""The ColBERT model: an encoder and a linear projection of its token states; its files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.errors import InputError
from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.colbert.settings import ColBERTSettings, metadata
from jmlr_plugins.retrievers.encoders.adapters import with_adapters, without_adapters
from jmlr_plugins.retrievers.encoders.checkpoint import load_backbone, quiet, read_weights

DIM = 128
VOCABULARY_MARKERS = ("[unused0]", "[unused1]")
ADDED_MARKERS = ("[Q] ", "[D] ")


class ColBERTEncoder(nn.Module):
    """Token ids (B, L) and which of them are seen, to token vectors (B, L, dim) float32 of length one."""

    backbone: nn.Module
    linear: nn.Linear

    def __init__(self, backbone: nn.Module, linear: nn.Linear) -> None:
        super().__init__()
        self.backbone = backbone
        self.linear = linear

    def forward(self, ids: Tensor, seen: Tensor) -> Tensor:
        states = self.backbone(input_ids=ids, attention_mask=seen).last_hidden_state
        return nn.functional.normalize(self.linear(states).float(), dim=-1)


@dataclass(frozen=True)
class ColBERTModel:
    """A loaded checkpoint: ``settings`` now say the markers and the width."""

    encoder: ColBERTEncoder
    tokenizer: PreTrainedTokenizerBase
    settings: ColBERTSettings


def load_colbert(folder: Path, settings: ColBERTSettings, lora: LoraConfig | None = None) -> ColBERTModel:
    """Load a ColBERT checkpoint (colbert-ir's layout or PyLate's), or start one from a plain encoder.

    Raises :class:`InputError` when the folder holds no encoder or another width than ``settings.dim``."""
    backbone, tokenizer = load_backbone(folder)
    weight = _projection(folder)
    if weight is not None and settings.dim not in (None, len(weight)):
        raise InputError(f"the ColBERT model {folder} has {len(weight)} dimensions, not {settings.dim}", "Leave dim out.")
    linear = _linear(weight, backbone.config.hidden_size, settings.dim or DIM)
    markers = _markers(tokenizer, backbone, settings)
    settings = replace(settings, query_marker=markers[0], passage_marker=markers[1], dim=linear.out_features)
    return ColBERTModel(ColBERTEncoder(with_adapters(backbone, lora), linear), tokenizer, settings)


def _projection(folder: Path) -> Tensor | None:
    """The projection (dim, hidden) in the folder's weights or in PyLate's dense module; None for a plain encoder."""
    weights, pylate = read_weights(folder, "linear."), folder / "1_Dense"
    if not weights and pylate.is_dir():
        weights = read_weights(pylate)
        if (folder / "2_Dense").is_dir() or set(weights) != {"linear.weight"}:
            raise InputError(f"the ColBERT model {folder} projects in several steps", "Choose one with a single projection.")
    if not weights and (folder / "artifact.metadata").exists():
        raise InputError(f"the ColBERT model {folder} has no linear.weight among its weights", "Fetch the model again.")
    return weights.get("linear.weight")


def _linear(weight: Tensor | None, hidden: int, dim: int) -> nn.Linear:
    """The projection; a new one is an orthogonal matrix, always the same, which keeps angles best."""
    linear = nn.Linear(hidden, dim if weight is None else len(weight), bias=False)
    with torch.no_grad():
        if weight is None:
            nn.init.orthogonal_(linear.weight, generator=torch.Generator().manual_seed(0))
        else:
            linear.weight.copy_(weight)
    return linear


def _markers(tokenizer: PreTrainedTokenizerBase, backbone: PreTrainedModel, settings: ColBERTSettings) -> tuple[str, str]:
    """The markers of questions and passages, added to the vocabulary where it lacks them."""
    known = tokenizer.get_vocab()
    default = VOCABULARY_MARKERS if all(marker in known for marker in VOCABULARY_MARKERS) else ADDED_MARKERS
    named = (settings.query_marker, settings.passage_marker)
    query, passage = (usual if marker is None else marker for marker, usual in zip(named, default, strict=True))
    new = [marker for marker in (query, passage) if marker and marker not in known]
    if new:
        tokenizer.add_tokens(new)
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            backbone.resize_token_embeddings(max(len(tokenizer), backbone.config.vocab_size), mean_resizing=False)
    return query, passage


def save_colbert(model: ColBERTModel, folder: Path) -> None:
    """Write colbert-ir's layout: one file of weights with ``bert.`` (or the architecture's own prefix) and ``linear.weight``."""
    backbone: Any = without_adapters(model.encoder.backbone)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{backbone.base_model_prefix}.{name}": tensor for name, tensor in backbone.state_dict().items()}
    tensors["linear.weight"] = model.encoder.linear.weight.detach()
    tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    write_json(folder / "config.json", backbone.config.to_dict() | {"architectures": ["HF_ColBERT"]})
    write_json(folder / "artifact.metadata", metadata(model.settings))
    with quiet():
        model.tokenizer.save_pretrained(folder)
