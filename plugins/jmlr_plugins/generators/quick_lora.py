"""LoRA layers computed with less work: fused when they learn, merged when they only score. The result differs by rounding alone.

A layer with T tokens costs ``2 T d_in d_out`` operations, its adapter ``2 T r (d_in + d_out)`` more, in several small steps.
Where no gradient is wanted, ``W + (alpha / r) B A`` costs ``2 r d_in d_out`` once. It is never written into the stored weights:
taking the adapters off again would leave rounding errors behind with each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, cast

import torch
from torch.nn.functional import linear

if TYPE_CHECKING:
    from peft.tuners.lora import Linear as LoraLinear

HELD_BYTES = 1 << 30
"""Merged weights that are kept for the rest of a scoring; beyond that each pass makes its own."""

CHANCES = 1 << 16
"""Dropout on a CPU falls on whole chances of so many."""

_held: ContextVar[dict[LoraLinear, torch.Tensor] | None] = ContextVar("merged weights", default=None)


def quicken(model: torch.nn.Module) -> None:
    """Give the model's plain LoRA layers the quicker forward pass. Quantised and unusual ones keep theirs."""
    from peft.tuners.lora import Linear

    for layer in model.modules():
        if type(layer) is Linear and _is_plain(layer):
            layer.forward = partial(_forward, layer)  # type: ignore[method-assign]


@contextmanager
def scoring() -> Iterator[None]:
    """Inside, without gradient, quickened layers multiply by their merged weight where that is cheaper. The weights must
    not change meanwhile."""
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


def _is_plain(layer: LoraLinear) -> bool:
    """Whether a LoRA layer is on a linear one in ordinary numbers, with one ordinary adapter."""
    return (
        type(layer.base_layer) is torch.nn.Linear
        and len(layer.active_adapters) == 1
        and not layer.lora_variant
        and not any(layer.lora_bias.values())
    )


def _forward(layer: LoraLinear, inputs: torch.Tensor) -> torch.Tensor:
    if layer.disable_adapters or layer.merged:
        return type(layer).forward(layer, inputs)
    held = _held.get()
    if held is not None and not layer.training and not torch.is_grad_enabled():
        weight = _merged(layer, inputs, held)
        if weight is not None:
            return linear(inputs, weight, cast(torch.nn.Linear, layer.base_layer).bias)
    return _fused(layer, inputs)


def _merged(layer: LoraLinear, inputs: torch.Tensor, held: dict[LoraLinear, torch.Tensor]) -> torch.Tensor | None:
    """The layer's weight with its adapter in it; None when the pass is too short for that to pay."""
    if layer in held:
        return held[layer]
    base, (adapter,) = cast(torch.nn.Linear, layer.base_layer), layer.active_adapters
    tokens = inputs.numel() // base.in_features
    if tokens * (base.in_features + base.out_features) < base.weight.numel():
        return None
    weight = base.weight + layer.get_delta_weight(adapter).to(base.weight.dtype)
    if sum(kept.nbytes for kept in held.values()) + weight.nbytes <= HELD_BYTES:
        held[layer] = weight
    return weight


def _fused(layer: LoraLinear, inputs: torch.Tensor) -> torch.Tensor:
    """The sum of layer and adapter in one multiply-add, its scales on the small matrix."""
    (adapter,) = layer.active_adapters
    down, up = layer.lora_A[adapter], layer.lora_B[adapter].weight
    if inputs.dtype != down.weight.dtype and not torch.is_autocast_enabled(inputs.device.type):
        return type(layer).forward(layer, inputs)
    result = layer.base_layer(inputs)
    inputs, kept = _dropped(inputs, layer.lora_dropout[adapter])
    narrow = down(inputs)
    scaled = (up * (layer.scaling[adapter] / kept)).to(narrow.dtype)
    added = torch.addmm(result.flatten(0, -2), narrow.flatten(0, -2), scaled.t())
    return added.view(result.shape)


def _dropped(inputs: torch.Tensor, dropout: torch.nn.Module) -> tuple[torch.Tensor, float]:
    """The inputs after dropout, and the share by which they must still be divided.

    On a CPU torch draws a float for each number and keeps them all for the backward pass. Here 64 random bits decide on four
    numbers, and a byte each is kept.
    """
    if not (isinstance(dropout, torch.nn.Dropout) and dropout.training and dropout.p and inputs.device.type == "cpu"):
        return dropout(inputs), 1.0
    chance = min(round(dropout.p * CHANCES), CHANCES - 1)
    bits = torch.empty(-(-inputs.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
    gone = bits[: inputs.numel()].view(inputs.shape) < chance - CHANCES // 2
    return inputs.masked_fill(gone, 0.0), 1 - chance / CHANCES
