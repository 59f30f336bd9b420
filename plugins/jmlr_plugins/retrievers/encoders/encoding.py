"""Running a transformer over many texts: batches of like length, on the one device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from transformers import PreTrainedTokenizerBase

from jmlr_cli import devices
from jmlr_cli.modes import evaluating

Precision = Literal["auto", "float32", "bfloat16"]
OFFSET_POSITIONS = {
    "camembert",
    "data2vec-text",
    "longformer",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
}


def padded(rows: Sequence[Sequence[int]], fill: int, device: torch.device) -> torch.Tensor:
    """Rows of numbers as one tensor (B, longest), filled up on the right."""
    width = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows], device=device)


def token_limit(backbone: Any, tokenizer: PreTrainedTokenizerBase) -> int:
    """The longest input in tokens that the encoder has positions for."""
    config = backbone.config
    positions = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    if config.model_type in OFFSET_POSITIONS:  # their first position is numbered pad_token_id + 1
        positions -= (config.pad_token_id or 0) + 1
    return min(int(positions), tokenizer.model_max_length)


@contextmanager
def inference(module: torch.nn.Module, precision: Precision) -> Iterator[None]:
    """Without gradients and dropout, computing in ``precision``; the module's mode comes back afterwards."""
    dtype, device = devices.dtype(precision), next(module.parameters()).device
    with evaluating(module), torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
        yield
