"""A GGUF file becomes an ordinary model folder."""

from __future__ import annotations

from pathlib import Path

from jmlr_cli.errors import InputError

MAGIC = b"GGUF"


def convert_gguf(path: Path, into: Path) -> None:
    """Write the model in the GGUF file at ``path`` as safetensors, with its tokenizer, into the folder ``into``.

    The quantised weights are restored to bfloat16, so that adapters can be trained on them.
    Raises :class:`InputError` for a file that is no GGUF model transformers can read.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    _check_magic(path)
    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    try:
        model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True))
        tokenizer = AutoTokenizer.from_pretrained(**place)
    except (ValueError, KeyError, NotImplementedError, OSError) as error:
        raise InputError(f"{path} cannot be converted: {error}", "Name a model folder or a hub id instead.") from error
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)


def _check_magic(path: Path) -> None:
    with path.open("rb") as handle:
        if handle.read(4) != MAGIC:
            raise InputError(f"{path} is not a GGUF file", "Name a .gguf file, a model folder or a hub id.")
