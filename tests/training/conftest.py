"""Tiny models for the training tests, built once, and the joint step put together from them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.progress import silent
from jmlr_cli.contracts.values import Option, Passage, Question
from jmlr_cli.corpus.folder import CorpusReader
from jmlr_cli.corpus.passages import split_document
from jmlr_cli.index.build import build_index
from jmlr_cli.recipe.load import load_recipe
from jmlr_cli.runs.create import create_run
from jmlr_cli.training.inputs import joint_module, prepare, trainable_retriever
from jmlr_cli.training.joint_step import JointModule, TrainingItem
from jmlr_cli.training.session import Session
from jmlr_cli.workspace import Workspace

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


@pytest.fixture
def train(tmp_path, monkeypatch, encoder, decoder, pages, questions):
    """Indexes the small corpus and trains on its questions; gives the run and its summary. ``change`` may alter the
    loaded models before training."""
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / "home"))
    pages(tmp_path / "pages")
    questions(tmp_path / "questions.jsonl")

    def run(*overrides: str, index: bool = True, change=lambda inputs: None):
        base = [
            f"generator.model={decoder}",
            f"data.train={tmp_path / 'questions.jsonl'}",
            "training.max_steps=2",
            "training.batch_size=2",
        ]
        plugin = next((o.split("=")[1] for o in overrides if o.startswith("retriever.plugin=")), "colbert")
        checkpoint = [] if plugin == "bm25" else [f"retriever.checkpoint={encoder}"]
        recipe = load_recipe("tiny", [*base, *checkpoint, *overrides])
        if index:
            passages = [p for d in CorpusReader([tmp_path / "pages"]).documents() for p in split_document(d)]
            build_index(Workspace.current().index("guidelines"), make_retriever(recipe.retriever), passages, 400)
        made, inputs = create_run(recipe, "test"), prepare(recipe)
        change(inputs)
        return made, Session(made, inputs, lambda title: nullcontext(silent)).train()

    return run
