"""Tiny models for the training tests, built once, and the joint step put together from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jmlr_cli.contracts.values import Option, Passage, Question
from jmlr_cli.recipe.load import load_recipe
from jmlr_cli.training.joint_step import JointModule, TrainingItem
from jmlr_cli.training.session import joint_module, trainable_retriever

MakeJoint = Callable[..., JointModule]


@pytest.fixture
def make_joint(encoder: Path, decoder: Path) -> MakeJoint:
    """Builds the joint module of the tiny recipe, with overrides."""

    def make(*overrides: str) -> JointModule:
        recipe = load_recipe("tiny", [f"retriever.checkpoint={encoder}", f"generator.model={decoder}", *overrides])
        return joint_module(recipe, trainable_retriever(recipe))

    return make


@pytest.fixture
def items(tiny_texts: list[str]) -> list[TrainingItem]:
    """Two questions with six candidates each."""
    passages = tuple(Passage(f"p{n}", f"d{n}", "", text, 0) for n, text in enumerate(tiny_texts))
    asked = [("What treats malaria?", "Artemether"), ("What is given first in anaphylaxis?", "Adrenaline")]
    return [
        TrainingItem(Question(f"q{n}", text, (Option("A", answer), Option("B", "Water")), "A"), passages, answer, seed=n)
        for n, (text, answer) in enumerate(asked)
    ]
