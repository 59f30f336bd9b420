"""Scoring with adapters merged into the weights, one layer at a time, without touching the weights.

A live adapter costs ``2 T r (d_in + d_out)`` operations for T tokens beside the layer's own ``2 T d_in d_out``, in several
small multiplications. Computing ``W + (alpha / r) B A`` costs ``2 r d_in d_out`` once a pass and one layer's memory. Merging
into the stored weights and taking the adapters off again would leave rounding errors behind with each step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch.nn.functional import linear


@contextmanager
def merged_where_cheaper(model: torch.nn.Module) -> Iterator[None]:
    """Inside, layers with plain LoRA adapters multiply by their merged weight whenever a pass is long enough
    for that to be cheaper. Without gradient and dropout the result is the same but for rounding."""
    layers = [layer for layer in model.modules() if _mergeable(layer)]
    for layer in layers:
        layer.forward = partial(_forward, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _mergeable(layer: torch.nn.Module) -> bool:
    """Whether the layer is a linear one in ordinary numbers with one ordinary adapter. Quantised weights have no sum to take."""
    return (
        type(layer) is LoraLinear
        and type(layer.base_layer) is torch.nn.Linear
        and len(layer.active_adapters) == 1
        and not layer.lora_variant
        and not any(layer.lora_bias.values())
    )


def _forward(layer: LoraLinear, inputs: torch.Tensor) -> torch.Tensor:
    base, (adapter,) = layer.base_layer, layer.active_adapters
    tokens = inputs.numel() // base.in_features
    if layer.training or torch.is_grad_enabled() or tokens * (base.in_features + base.out_features) < base.weight.numel():
        return type(layer).forward(layer, inputs)
    return linear(inputs, base.weight + layer.get_delta_weight(adapter).to(base.weight.dtype), base.bias)
