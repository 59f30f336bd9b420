"""The models that go by a short name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict


class Wheel(BaseModel):
    """A Python package that carries weights. ``member`` is a file in it, or a folder when it ends in "/"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    version: str
    sha256: str
    member: str


class Shape(BaseModel):
    """The sizes of a transformer. ``tied``: input and output embeddings are one matrix; ``gated``: the
    feed-forward layers have a gate, as a Llama's do and a BERT's do not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int
    tied: bool
    gated: bool = True


class Model(BaseModel):
    """A catalogue entry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    kind: Literal["retriever", "generator"]
    licence: str = ""
    megabytes: int | None = None
    wheel: Wheel | None = None
    hub: str | None = None
    built: Literal["encoder", "decoder"] | None = None
    shape: Shape


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Model]:
    """Every model with a short name."""
    entries = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
    return {name: Model.model_validate(entry) for name, entry in entries.items()}


def find_shape(name: str | None) -> Shape | None:
    """The shape of a model given by its short name or its hub id, if the catalogue knows it."""
    entries = catalogue()
    if name in entries:
        return entries[name].shape
    return next((entry.shape for entry in entries.values() if entry.hub and entry.hub == name), None)
