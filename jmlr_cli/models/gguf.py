"""A GGUF file becomes an ordinary model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jmlr_cli.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MAGIC = b"GGUF"


def convert_gguf(path: Path, into: Path) -> None:
    """Write the model in the GGUF file at ``path`` as safetensors, with its tokenizer, into the folder ``into``.

    The quantised weights are restored, so that adapters can be trained on them; float16 holds them best (it
    changes an answer's NLL by a tenth of what bfloat16 does).
    Raises :class:`InputError` for a file that is no GGUF model transformers can read.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    _check_magic(path)
    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    try:
        model = AutoModelForCausalLM.from_pretrained(
            **place, dtype=torch.float16, quantization_config=GgufConfig(dequantize=True), trust_remote_code=False
        )
        tokenizer = AutoTokenizer.from_pretrained(**place, trust_remote_code=False)
    except (ValueError, KeyError, NotImplementedError, OSError) as error:
        raise InputError(f"{path} cannot be converted: {error}", "Name a model folder or a hub id instead.") from error
    if _pretokenizer_name(path) == "smollm":
        _split_as_smollm(tokenizer)
    tokenizer.model_max_length = model.config.max_position_embeddings
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)


def _check_magic(path: Path) -> None:
    with path.open("rb") as handle:
        if handle.read(4) != MAGIC:
            raise InputError(f"{path} is not a GGUF file", "Name a .gguf file, a model folder or a hub id.")


def _pretokenizer_name(path: Path) -> str:
    """The file's own word for how text is split before byte-pair encoding."""
    from gguf import GGUFReader

    field = GGUFReader(path).fields.get("tokenizer.ggml.pre")
    return field.contents() if field else ""


def _split_as_smollm(tokenizer: PreTrainedTokenizerBase) -> None:
    """Split off each digit, as SmolLM does; transformers' conversion drops that."""
    from tokenizers import pre_tokenizers

    steps = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
