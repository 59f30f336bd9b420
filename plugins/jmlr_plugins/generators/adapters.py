"""LoRA adapters on a language model: added, saved, loaded, taken off.

peft wraps the model and passes everything else on to it, so an adapted model is typed as the model.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import cast

import torch
from peft import LoraConfig as PeftLoraConfig
from peft import PeftConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.errors import DamagedError, InputError
from jmlr_plugins.generators.quick_lora import quicken

SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def with_new_adapters(model: PreTrainedModel, lora: LoraConfig, name: str) -> PreTrainedModel:
    """The model, frozen, with new float32 adapters on those of ``lora.targets`` that it has."""
    settings = PeftLoraConfig(
        r=lora.r, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=_targets(model, lora.targets, name),
        task_type="CAUSAL_LM",
    )  # fmt: skip
    with _peft_advice_off():
        adapted = get_peft_model(model, settings)
    quicken(adapted)
    return cast(PreTrainedModel, adapted)


def with_saved_adapters(model: PreTrainedModel, folder: Path, name: str, *, trainable: bool) -> PreTrainedModel:
    """The model with the adapters in ``folder``."""
    for file in (SETTINGS, WEIGHTS):
        if not (folder / file).is_file():
            raise DamagedError(f"the adapters in {folder} lack {file}", "Train again, or resume from another checkpoint.")
    try:
        settings = PeftConfig.from_pretrained(str(folder))
        with _peft_advice_off():
            adapted = PeftModel.from_pretrained(model, str(folder), config=settings, is_trainable=trainable)
        quicken(adapted)
        return cast(PreTrainedModel, adapted)
    except (SafetensorError, JSONDecodeError, TypeError, KeyError) as error:
        raise DamagedError(f"the adapters in {folder} cannot be read: {error}", "Resume from another checkpoint.") from error
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"the adapters in {folder} do not fit {name}: {reason}", "Name the model they were trained on."
        ) from error


def has_adapters(model: PreTrainedModel) -> bool:
    """Whether the model carries adapters."""
    return isinstance(model, PeftModel)


def save_adapters(model: PreTrainedModel, folder: Path, name: str) -> None:
    """Write the adapters alone, naming the model that they belong to as the recipe does."""
    for settings in model.peft_config.values():
        settings.base_model_name_or_path = name
    # The embeddings are frozen, so peft need not ask the hub whether they grew.
    model.save_pretrained(str(folder), save_embedding_layers=False)


def without_adapters(model: PreTrainedModel) -> PreTrainedModel:
    """The model as it was loaded."""
    return model.unload() if isinstance(model, PeftModel) else model


def _targets(model: PreTrainedModel, wanted: Sequence[str], name: str) -> list[str]:
    linear = {path.rpartition(".")[2] for path, layer in model.named_modules() if isinstance(layer, (torch.nn.Linear, Conv1D))}
    found = [target for target in wanted if target in linear]
    if not found:
        raise InputError(
            f"{name} has none of the layers {', '.join(wanted)} that adapters should go on",
            f"Choose generator.lora.targets from {', '.join(sorted(linear))}.",
        )
    return found


@contextmanager
def _peft_advice_off() -> Iterator[None]:
    """Silence peft's advice on an output layer that shares the embeddings' weights: the adapter goes on the
    output alone and is never merged, so the shared weights stay as they are. Also what peft itself owes to a
    newer transformers."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*tie_word_embeddings.*")
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing.*", category=FutureWarning)
        yield
