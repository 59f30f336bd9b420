"""A folder of encoder weights: finding it, knowing it by its content, and loading it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.files import sha256
from jmlr_cli.models.resolve import resolve_model

SETTINGS = (
    "*config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "artifact.metadata",
    "tokenizer.json",
    "added_tokens.json",
    "special_tokens_map.json",
    "vocab.*",
    "merges.txt",
    "*.model",
)
LAYOUTS = ("modules.json", "artifact.metadata")
GENERATIVE = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
ENCODER_HINT = "Name a folder or hub id of a sentence encoder, a ColBERT model or a BERT-like encoder."


def named_folder(config: RetrieverConfig) -> Path:
    """The folder that ``config.checkpoint`` means.

    Raises :class:`InputError` when none is named or it holds no model, :class:`MissingError` when it is not there."""
    if not config.checkpoint:
        raise InputError(f"the retriever {config.plugin!r} has no checkpoint", f"Set retriever.checkpoint. {ENCODER_HINT}")
    folder, named = resolve_model(config.checkpoint), f"the retriever checkpoint {config.checkpoint!r}"
    if not folder.exists():
        raise MissingError(f"{named} is not there", ENCODER_HINT)
    if not any((folder / name).is_file() for name in ("config.json", "modules.json")):
        raise InputError(f"{named} is not a folder with a config.json", ENCODER_HINT)
    return folder


def read_json(path: Path, kind: type = dict) -> Any:
    """A settings file as a dict (or a list, if ``kind`` says so), empty when it is not there.

    Raises :class:`InputError` when it is malformed."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError) as error:
        raise InputError(f"the model file {path} cannot be read: {error}", "Fetch the model again.") from error
    if not isinstance(value, kind):
        raise InputError(f"the model file {path} is not a JSON {kind.__name__}", "Fetch the model again.")
    return value


def content_identity(folder: Path) -> str:
    """The SHA-256 over the settings, tokenizer and weights in ``folder``: equal wherever the folder stands."""
    files = [path for part in (folder, *sorted(folder.glob("[0-9]*_*"))) if part.is_dir() for path in _identifying(part)]
    stats = [(path, path.stat()) for path in files]
    return _identity(folder, tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats))


def _identifying(part: Path) -> list[Path]:
    settings = {path for pattern in SETTINGS for path in part.glob(pattern)}
    return sorted(settings) + weight_files(part)


@lru_cache(maxsize=32)
def _identity(folder: Path, files: tuple[tuple[Path, int, int], ...]) -> str:
    lines = "".join(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n" for path, _, _ in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The files of weights that are read: safetensors, or PyTorch's own where there are none."""
    return sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("pytorch_model*.bin"))


def read_weights(folder: Path, prefix: str = "") -> dict[str, torch.Tensor]:
    """The tensors in ``folder`` whose names begin with ``prefix``. Nothing but tensors is ever unpickled.

    Raises :class:`InputError` when a file is damaged or holds anything else."""
    tensors: dict[str, torch.Tensor] = {}
    for path in weight_files(folder):
        try:
            tensors |= _read_tensors(path, prefix)
        except (SafetensorError, UnpicklingError, OSError, RuntimeError, ValueError, EOFError) as error:
            raise InputError(f"the weights {path} cannot be read: {error}", "Fetch the model again.") from error
    return tensors


def _read_tensors(path: Path, prefix: str) -> dict[str, torch.Tensor]:
    if path.suffix != ".safetensors":
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return {name: tensor for name, tensor in loaded.items() if name.startswith(prefix)}
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars and reports of its own."""
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def load_backbone(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The encoder without a head, float32, in evaluation mode, and its tokenizer.

    A pooler is left frozen: nothing here reads it. Raises :class:`InputError` when the folder holds no encoder."""
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # for weights that the checkpoint lacks, such as a pooler
            _check_encoder(folder, AutoConfig.from_pretrained(folder, trust_remote_code=False))
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            backbone, found = AutoModel.from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, trust_remote_code=False
            )
    except (SafetensorError, UnpicklingError, OSError, RuntimeError, ValueError, KeyError) as error:
        raise InputError(f"the retriever checkpoint {folder} cannot be loaded: {error}", ENCODER_HINT) from error
    missing = sorted(name for name in found["missing_keys"] if "pooler" not in name)
    if missing:
        raise InputError(f"{folder} lacks {len(missing)} of its encoder's weights, such as {missing[0]}", ENCODER_HINT)
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_("pooler" not in name)
    return backbone.eval(), tokenizer


def _check_encoder(folder: Path, config: Any) -> None:
    architectures = tuple(config.architectures or ())
    made_for_retrieval = any((folder / name).exists() for name in LAYOUTS)
    generative = any(name.endswith(GENERATIVE) for name in architectures) and not made_for_retrieval
    if generative or config.is_encoder_decoder:
        raise InputError(f"the retriever checkpoint {folder} is a {' '.join(architectures)}, not an encoder", ENCODER_HINT)
