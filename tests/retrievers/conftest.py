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

TEXTS = (
    ("Anaphylaxis", "Give adrenaline 0.5 mg into the thigh muscle at once, and lie the patient flat."),
    ("Asthma", "Salbutamol by spacer, oxygen, and prednisolone by mouth within the first hour."),
    ("Gout", "Colchicine or naproxen; allopurinol waits until the attack has settled."),
    ("Cholera", "Oral rehydration salts; a drip for those who are shocked; doxycycline once."),
    ("Ménière", "Vertigo – tinnitus – hearing loss: betahistine 16 mg, three times a day."),
    ("破傷風", "傷口を洗浄し、破傷風トキソイドを投与する。 Столбняк: 250 IU."),
    ("", "Paracetamol overdose: acetylcysteine by the nomogram."),
    ("Punctuation", "... !!! ??? --- ,,,"),
    ("Malaria", "Artemether with lumefantrine for six doses. " * 120),
    ("Croup", "One dose of dexamethasone, 0.15 mg/kg, by mouth."),
    ("Sepsis", "Take cultures, give ceftriaxone, and measure lactate within the hour."),
    ("Migraine", "Ibuprofen or sumatriptan early in the attack; metoclopramide for vomiting."),
)  # fmt: skip


def passage(number: int, title: str, text: str) -> Passage:
    """A passage whose id sorts by ``number``."""
    return Passage(id=f"p{number:03d}", document=f"{number}.md", title=title, text=text, position=0)


@pytest.fixture(scope="session")
def passages() -> list[Passage]:
    """Twelve passages, among them one without a title, one of punctuation, one beyond 512 tokens."""
    return [passage(number, *content) for number, content in enumerate(TEXTS)]


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

    def check(left: Sequence[Sequence[Match]], right: Sequence[Sequence[Match]], tolerance: float = 1e-4) -> None:
        flat_left, flat_right = [m for one in left for m in one], [m for one in right for m in one]
        assert [len(one) for one in left] == [len(one) for one in right]
        assert [m.passage_id for m in flat_left] == [m.passage_id for m in flat_right]
        assert [m.score for m in flat_left] == pytest.approx([m.score for m in flat_right], abs=tolerance)

    return check
