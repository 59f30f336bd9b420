"""Tiny models for the training tests, built once, and the joint step put together from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jmlr_cli.contracts.values import Option, Passage, Question
from jmlr_cli.models.tiny import build_tiny_decoder, build_tiny_encoder
from jmlr_cli.recipe.load import load_recipe
from jmlr_cli.training.joint_step import JointModule, TrainingItem
from jmlr_cli.training.session import joint_module, trainable_retriever

TEXTS = [
    "Artemether with lumefantrine treats uncomplicated malaria.", "Intramuscular adrenaline is given first in anaphylaxis.",
    "Colchicine treats an acute attack of gout.", "Permethrin cream is put on the skin in scabies.",
    "Oxygen keeps the saturation above ninety four percent.", "A blood film confirms malaria before treatment.",
]  # fmt: skip


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_encoder(tmp_path_factory.mktemp("models") / "encoder", TEXTS)


@pytest.fixture(scope="session")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_decoder(tmp_path_factory.mktemp("models") / "decoder", TEXTS)


MakeJoint = Callable[..., JointModule]


@pytest.fixture
def make_joint(encoder: Path, decoder: Path) -> Iterator[MakeJoint]:
    """Builds the joint module of the tiny recipe, with overrides."""

    def make(*overrides: str) -> JointModule:
        recipe = load_recipe("tiny", [f"retriever.checkpoint={encoder}", f"generator.model={decoder}", *overrides])
        return joint_module(recipe, trainable_retriever(recipe))

    yield make


@pytest.fixture
def items() -> list[TrainingItem]:
    """Two questions with six candidates each."""
    passages = tuple(Passage(f"p{n}", f"d{n}", "", text, 0) for n, text in enumerate(TEXTS))
    asked = [("What treats malaria?", "Artemether"), ("What is given first in anaphylaxis?", "Adrenaline")]
    return [
        TrainingItem(Question(f"q{n}", text, (Option("A", answer), Option("B", "Water")), "A"), passages, answer, seed=n)
        for n, (text, answer) in enumerate(asked)
    ]
