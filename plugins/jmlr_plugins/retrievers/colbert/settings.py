"""A ColBERT model's settings: what its checkpoint says, and what the options lay over that."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from jmlr_plugins.retrievers.encoders.checkpoint import read_json
from jmlr_plugins.retrievers.encoders.encoder_retriever import EncodingOptions


class ColBERTOptions(EncodingOptions):
    """What overrides the checkpoint's own settings; null leaves them."""

    query_length: int | None = Field(
        None,
        ge=0,
        description="Tokens that a shorter question is filled up to with [MASK]; the checkpoint's, or 32.",
    )
    query_max_length: int = Field(256, gt=3, description="Longest question in tokens; the rest is cut off.")
    passage_length: int = Field(512, gt=3, description="Longest passage in tokens; the rest is cut off.")
    dim: int | None = Field(None, gt=0, description="Width of a token's vector; the checkpoint's, or 128.")
    mask_punctuation: bool | None = Field(None, description="Leave a passage's punctuation out; the checkpoint's, or true.")
    attend_to_mask_tokens: bool | None = Field(
        None, description="Let tokens see the [MASK] that fill up a question; the checkpoint's, or false."
    )
    query_marker: str | None = Field(None, description="Token that opens a question; '' puts none.")
    passage_marker: str | None = Field(None, description="Token that opens a passage; '' puts none.")
    similarity: Literal["cosine"] = Field("cosine", description="How token vectors are compared.")
    keep_up_to: int = Field(
        1 << 18,
        ge=0,
        description="Token vectors up to which an index keeps them all as float16 and compares with each; a larger one "
        "compresses them (2 bits a dimension).",
    )
    probes: int = Field(64, gt=0, description="Centroids that each token of a question probes in a compressed index.")
    rescored: int = Field(
        192,
        gt=0,
        description="Passages of a compressed index whose MaxSim is computed for a question; at least four times as many as it "
        "asks for.",
    )
    projection_lr_scale: float = Field(1.0, gt=0, description="The projection's learning rate, as a multiple of the encoder's.")


@dataclass(frozen=True)
class ColBERTSettings:
    """The settings in force. A marker of None is chosen by the vocabulary; ``dim`` of None is the checkpoint's."""

    query_length: int = 32
    query_max_length: int = 256
    passage_length: int = 512
    dim: int | None = None
    mask_punctuation: bool = True
    attend_to_mask_tokens: bool = False
    query_marker: str | None = None
    passage_marker: str | None = None


def read_settings(folder: Path, options: ColBERTOptions) -> ColBERTSettings:
    """The settings of the checkpoint in ``folder`` with the options that are set laid over them.

    A checkpoint's own passage length is left aside: it says what the model was trained with, while
    passages here are longer, and an encoder's positions reach further."""
    own = _colbert_metadata(read_json(folder / "artifact.metadata")) or _pylate_settings(folder)
    overrides = options.model_dump(include=set(asdict(ColBERTSettings())))
    return replace(ColBERTSettings(), **(_given(own) | _given(overrides)))


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _colbert_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Settings from ColBERT's own file. Its "l2" compares vectors of length one, so it ranks as cosine does."""
    return {
        name: metadata[key]
        for name, key in {
            "query_length": "query_maxlen",
            "dim": "dim",
            "mask_punctuation": "mask_punctuation",
            "attend_to_mask_tokens": "attend_to_mask_tokens",
            "query_marker": "query_token_id",
            "passage_marker": "doc_token_id",
        }.items()
        if key in metadata
    }


def _pylate_settings(folder: Path) -> dict[str, Any]:
    """Settings from PyLate's addition to the sentence-transformers layout."""
    settings = read_json(folder / "config_sentence_transformers.json")
    if "query_length" not in settings:
        return {}
    skipped = settings.get("skiplist_words")
    return {
        "query_length": settings["query_length"] if settings.get("do_query_expansion", True) else 0,
        "mask_punctuation": None if skipped is None else bool(skipped),
        "attend_to_mask_tokens": settings.get("attend_to_expansion_tokens"),
        "query_marker": settings.get("query_prefix"),
        "passage_marker": settings.get("document_prefix"),
    }


def metadata(settings: ColBERTSettings) -> dict[str, Any]:
    """The settings as ColBERT's own ``artifact.metadata`` has them."""
    return {
        "query_token_id": settings.query_marker,
        "doc_token_id": settings.passage_marker,
        "query_token": "[Q]",
        "doc_token": "[D]",
        "similarity": "cosine",
        "dim": settings.dim,
        "query_maxlen": settings.query_length,
        "doc_maxlen": settings.passage_length,
        "mask_punctuation": settings.mask_punctuation,
        "attend_to_mask_tokens": settings.attend_to_mask_tokens,
        "interaction": "colbert",
    }
