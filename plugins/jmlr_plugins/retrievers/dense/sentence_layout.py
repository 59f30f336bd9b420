"""The files around a sentence encoder's weights, in the layout of sentence-transformers.

``modules.json`` lists the steps after the transformer: pooling, then maybe dense layers and
normalisation. A folder without it is a plain encoder: mean pooling, as that library does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jmlr_cli.errors import InputError
from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.encoders.checkpoint import read_json

MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
PASSAGE_PROMPTS = ("document", "passage", "corpus")


@dataclass(frozen=True)
class SentenceLayout:
    """How a folder's sentence vectors are made. Paths are relative to it.

    ``poolings`` are joined side by side. ``similarity`` is "" where the folder does not say.
    """

    transformer: str = ""
    poolings: tuple[str, ...] = ("mean",)
    dense: tuple[str, ...] = ()
    normalize: bool = False
    max_length: int | None = None
    lower_case: bool = False
    query_prompt: str = ""
    passage_prompt: str = ""
    similarity: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)


def read_layout(folder: Path) -> SentenceLayout:
    """The layout of the encoder in ``folder``. Raises :class:`InputError` for steps that are not known here."""
    steps = _steps(folder)
    transformer = next((path for kind, path in steps if kind == "Transformer"), "")
    pooling = next((path for kind, path in steps if kind == "Pooling"), None)
    unknown = [kind for kind, _ in steps if kind not in ("Transformer", "Pooling", "Dense", "Normalize")]
    if unknown:
        raise InputError(f"the sentence encoder {folder} has a {unknown[0]} module, which the dense retriever does not know")
    sentence: dict[str, Any] = {}
    for path in (folder / transformer).glob("sentence_*_config.json"):
        sentence |= read_json(path)
    return SentenceLayout(
        transformer=transformer,
        poolings=("mean",) if pooling is None else _poolings(folder / pooling),
        dense=tuple(path for kind, path in steps if kind == "Dense"),
        normalize=any(kind == "Normalize" for kind, _ in steps),
        max_length=sentence.get("max_seq_length"),
        lower_case=bool(sentence.get("do_lower_case")),
        **_prompts(read_json(folder / "config_sentence_transformers.json")),
    )


def _steps(folder: Path) -> list[tuple[str, str]]:
    """The kind and path of each module, in order."""
    return [(module["type"].rsplit(".", 1)[-1], module["path"]) for module in read_json(folder / "modules.json", list)]


def _poolings(folder: Path) -> tuple[str, ...]:
    settings = read_json(folder / "config.json")
    named = settings.get("pooling_mode")
    flagged = [mode for key, mode in MODES.items() if settings.get(key)]
    poolings = tuple([named] if isinstance(named, str) else named or flagged)
    unknown = [mode for mode in poolings if mode not in MODES.values()]
    if unknown or not poolings:
        raise InputError(f"the pooling {' '.join(unknown) or 'mode'} in {folder / 'config.json'} is not known")
    return poolings


def _prompts(settings: dict[str, Any]) -> dict[str, Any]:
    prompts = settings.get("prompts") or {}
    default = prompts.get(settings.get("default_prompt_name") or "", "")
    passage = next((prompts[name] for name in PASSAGE_PROMPTS if prompts.get(name)), default)
    return {
        "prompts": prompts,
        "query_prompt": prompts.get("query") or default,
        "passage_prompt": passage,
        "similarity": settings.get("similarity_fn_name") or "",
    }


def write_layout(folder: Path, layout: SentenceLayout, width: int) -> None:
    """Write the files that :func:`read_layout` reads, for a transformer of ``width`` at the top of ``folder``."""
    kinds = ["Transformer", "Pooling", *["Dense"] * len(layout.dense), *["Normalize"] * layout.normalize]
    paths = ["", "1_Pooling", *layout.dense, *[f"{len(kinds) - 1}_Normalize"] * layout.normalize]
    home = "sentence_transformers.models"
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"{home}.{kind}"}
        for i, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    write_json(folder / "modules.json", modules)
    pooling = {"word_embedding_dimension": width} | {key: mode in layout.poolings for key, mode in MODES.items()}
    write_json(folder / "1_Pooling" / "config.json", pooling)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": layout.max_length, "do_lower_case": layout.lower_case})
    prompts = {**layout.prompts, "query": layout.query_prompt, "document": layout.passage_prompt}
    settings = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": layout.similarity}
    write_json(folder / "config_sentence_transformers.json", settings)
