"""Passages, tiny real encoders and opened indexes for the retriever tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification

from jmlr_cli.contracts.config import LoraConfig, RetrieverConfig
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage
from jmlr_cli.models.tiny import build_tiny_encoder
from jmlr_cli.plugins import registry
from jmlr_cli.testing.checks import assert_same as check_same
from jmlr_cli.testing.material import PASSAGES, TEXTS


@pytest.fixture(scope="session")
def passages() -> list[Passage]:
    """Twelve passages, among them one without a title, one of punctuation, one beyond 512 tokens."""
    return list(PASSAGES)


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT whose vocabulary is that of the passages."""
    texts = [f"{title} {text}" for title, text in TEXTS] + ["what treats it? . ,", "query: passage:"]
    return build_tiny_encoder(tmp_path_factory.mktemp("encoder"), texts)


@pytest.fixture(scope="session")
def cross_encoder_folder(encoder_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder with a head of random weights that gives one score."""
    folder = tmp_path_factory.mktemp("cross-encoder")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        BertForSequenceClassification(AutoConfig.from_pretrained(encoder_folder, num_labels=1)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder_folder).save_pretrained(folder)
    return folder


@pytest.fixture
def retriever(encoder_folder: Path) -> Callable[..., Any]:
    """``retriever(plugin, **options)``: a new one, on the tiny encoder unless ``checkpoint`` says otherwise."""

    def create(plugin: str, *, checkpoint: Path | str | None = encoder_folder, lora: LoraConfig | None = None, **options: Any):
        if plugin in ("dense", "colbert"):
            options = {"precision": "float32"} | options
        named = None if checkpoint is None else str(checkpoint)
        config = RetrieverConfig(plugin=plugin, checkpoint=named, lora=lora, options=options)
        return registry().get("retriever", plugin)(config)

    return create


@pytest.fixture
def with_encoder(retriever: Callable[..., Any], encoder_folder: Path) -> Callable[..., Callable[..., Any]]:
    """``with_encoder(plugin, options)``: makes new ones on the tiny encoder, as the suites' fixture ``create`` does."""

    def of(plugin: str, options: dict[str, Any]) -> Callable[..., Any]:
        return lambda checkpoint=encoder_folder, **more: retriever(plugin, checkpoint=checkpoint, **{**options, **more})

    return of


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds write their work in pieces of thousands of passages; here of a few, so that they can be gone on with."""
    monkeypatch.setattr("jmlr_plugins.retrievers.storage.pieces.PIECE", 4)
    monkeypatch.setattr("jmlr_plugins.retrievers.colbert.build.LEAST", 0)


@pytest.fixture(scope="session")
def built() -> Callable[..., Retriever]:
    """``built(retriever, passages, at)``: the retriever, with the passages indexed in ``at`` and opened."""

    def build(one: Retriever, passages: Sequence[Passage], at: Path) -> Retriever:
        at.mkdir(parents=True)
        one.build(iter(passages), at)
        one.open(at)
        return one

    return build


@pytest.fixture(scope="session")
def ids() -> Callable[[Sequence[Match]], list[str]]:
    """The passage ids of matches, best first."""
    return lambda matches: [match.passage_id for match in matches]


@pytest.fixture(scope="session")
def assert_same() -> Callable[..., None]:
    """Asserts the same passages in the same order, with scores that differ by rounding alone."""

    return check_same
