"""LoRA on a retriever's encoder. peft takes seconds to import, so only what trains or wears adapters does."""

from __future__ import annotations

import copy

import torch

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.errors import InputError


def with_adapters(backbone: torch.nn.Module, lora: LoraConfig | None) -> torch.nn.Module:
    """The encoder, frozen, with new trainable adapters on the layers that ``lora`` names; as it is without ``lora``.

    Raises :class:`InputError` when the encoder has none of those layers."""
    if lora is None:
        return backbone
    from peft import LoraConfig as PeftLoraConfig
    from peft import get_peft_model

    layers = [path for path, layer in backbone.named_modules() if isinstance(layer, torch.nn.Linear)]
    targets = [name for name in lora.targets if any(f".{path}".endswith(f".{name}") for path in layers)]
    if not targets:
        raise InputError(
            f"the retriever's encoder has no layer named {', '.join(lora.targets)}",
            f"Set retriever.lora.targets to some of: {', '.join(sorted({path.rsplit('.', 1)[-1] for path in layers}))}.",
        )
    config = PeftLoraConfig(r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=targets)
    return get_peft_model(backbone, config).eval()


def without_adapters(backbone: torch.nn.Module) -> torch.nn.Module:
    """The encoder with its adapters worked into a copy of its weights; the encoder itself when it has none."""
    from peft import PeftModel

    return copy.deepcopy(backbone).merge_and_unload() if isinstance(backbone, PeftModel) else backbone
