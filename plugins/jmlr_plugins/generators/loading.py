"""A folder of weights becomes a model and its tokenizer. Nothing in it is unpickled, or run unless the recipe trusts its code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.utils import BITSANDBYTES_MIN_VERSION, is_bitsandbytes_available, logging

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.devices import device, dtype
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.modes import is_out_of_memory

STRETCHING = ("linear", "dynamic", "yarn", "llama3")


def load_tokenizer(folder: Path, trusted: bool = False) -> PreTrainedTokenizerBase:
    """The tokenizer in ``folder``; ``trusted`` code in the folder may be run for it."""
    with _told(folder, "tokenizer"):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=trusted)


def load_settings(folder: Path, rope_scaling: dict[str, Any] | None, trusted: bool = False) -> PreTrainedConfig:
    """The model's own settings, with its RoPE scaled when ``rope_scaling`` is given; ``trusted`` as in :func:`load_tokenizer`."""
    with _told(folder, "language model"):
        settings = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=trusted)
    if rope_scaling:
        _scale_rope(settings.get_text_config(), rope_scaling)
    return settings


def _scale_rope(settings: PreTrainedConfig, scaling: dict[str, Any]) -> None:
    current = getattr(settings, "rope_parameters", None) or {}
    if "rope_theta" not in current:
        raise InputError(f"a {settings.model_type} model has no RoPE that can be scaled", "Remove generator.rope_scaling.")
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind not in ROPE_INIT_FUNCTIONS:
        raise InputError(f"generator.rope_scaling has the rope_type {kind!r}", f"Choose one of {', '.join(ROPE_INIT_FUNCTIONS)}.")
    kept = {key: current[key] for key in ("rope_theta", "partial_rotary_factor") if key in current}
    settings.rope_parameters = {**kept, **scaling, "rope_type": kind}
    try:
        settings.standardize_rope_params()
        settings.validate_rope()
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"generator.rope_scaling is incomplete: {error}", "For example {rope_type: linear, factor: 8.0}."
        ) from error


def longest_context(settings: PreTrainedConfig) -> int | None:
    """How many tokens the model can read: its positions, times the factor by which its RoPE is stretched.
    None when the model sets no limit."""
    text = settings.get_text_config()
    positions = getattr(text, "max_position_embeddings", None)
    rope = getattr(text, "rope_parameters", None) or {}
    if positions is None or rope.get("rope_type") not in STRETCHING:
        return positions
    trained = rope.get("original_max_position_embeddings") or positions
    return max(positions, int(trained * rope["factor"]))


def load_model(folder: Path, settings: PreTrainedConfig, config: GeneratorConfig) -> PreTrainedModel:
    """The model in evaluation mode on this machine's device, frozen weights in ``config.dtype``.

    Raises :class:`InputError` when the folder holds no language model, :class:`MissingError` when
    quantisation or memory is not to be had."""
    number_type = dtype(config.dtype)
    quantization = quantization_of(config, number_type)
    placed = {"quantization_config": quantization, "device_map": {"": device()}} if quantization else {}
    with _told(folder, "language model"):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder, config=settings, dtype=number_type, local_files_only=True, trust_remote_code=config.trust_remote_code,
            use_safetensors=True, output_loading_info=True, **placed,
        )  # fmt: skip
    model, found = loaded
    if found["missing_keys"]:
        raise InputError(
            f"{folder.name} is not a whole language model: it lacks {sorted(found['missing_keys'])[0]}",
            "Name a causal language model in generator.model.",
        )
    # Answers are drawn greedily: of the model's own generation settings only its ends count.
    model.generation_config = GenerationConfig(eos_token_id=model.generation_config.eos_token_id)
    if quantization is None:
        model.to(device())
    else:
        _keep_packing(model)
    return model.eval()


def quantization_of(config: GeneratorConfig, number_type: torch.dtype) -> BitsAndBytesConfig | None:
    """How bitsandbytes quantises the weights, or None. Raises :class:`MissingError` where it cannot run."""
    if config.quantization is None:
        return None
    if not is_bitsandbytes_available():
        oldest = f"bitsandbytes {BITSANDBYTES_MIN_VERSION} or newer"
        raise MissingError(f"{config.quantization} quantisation needs {oldest}", "pip install 'jmlr[quantization]'")
    # It warns at every product of int8 that inputs are rounded, and where a CPU would take a kernel that is not used here.
    getLogger("bitsandbytes").setLevel(ERROR)
    if config.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=number_type
    )


def _keep_packing(model: PreTrainedModel) -> None:
    """Keep 4-bit weights as they were quantised. On a CPU with AVX512-BF16, bitsandbytes would repack them in the first pass
    without gradient: their scales would lose precision, and later passes would hand no gradient on."""
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            setattr(layer, "support_avx512bf16_for_cpu", False)  # noqa: B010 - only a 4-bit layer has one


@contextmanager
def _told(folder: Path, what: str) -> Iterator[None]:
    """Keep transformers silent, and tell its errors in one sentence."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        if is_out_of_memory(error):
            raise
        if "trust_remote_code" in str(error):
            raise MissingError(
                f"the {what} in {folder} comes with Python code of its own, which is not run unless you trust it",
                "Read the *.py files there; then set generator.trust_remote_code to true, or choose another model.",
            ) from None
        reason = str(error).strip().splitlines()
        raise InputError(
            f"the {what} in {folder} cannot be loaded: {reason[0] if reason else type(error).__name__}",
            "generator.model must name a causal language model with safetensors weights.",
        ) from error
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
