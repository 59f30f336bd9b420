"""Running a transformer over many texts: batches of like length, on the one device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal, Protocol, TypeVar, cast

import torch
from transformers import PreTrainedTokenizerBase

from jmlr_cli import devices
from jmlr_cli.modes import evaluating

Item = TypeVar("Item")
Read = TypeVar("Read", covariant=True)
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


class Repeatable(Protocol[Read]):
    """Items that are counted and can be read more than once, such as a list, or the passages of an index that stream."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Read]: ...


def repeatable(items: Iterable[Item]) -> Repeatable[Item]:
    """The items as something that can be read more than once: as they are, where they can be counted, else as a list."""
    return cast("Repeatable[Item]", items) if isinstance(items, Sized) else list(items)


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of ``size``; the last may be shorter."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


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
