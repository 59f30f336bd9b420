"""The index follows the retriever: encoded anew during training, kept for as long as a checkpoint needs it.

Each refresh leaves a folder of its own, ``candidates/step-000100/``, with the retriever of that step and the index that it
encoded. A run that goes on from a checkpoint finds candidates in the very index that they came from.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.filters import conditions
from jmlr_cli.contracts.progress import Progress
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Question
from jmlr_cli.index.build import build_index
from jmlr_cli.index.manifest import has_manifest
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.runs.run import trained_config
from jmlr_cli.training.candidates import Candidates, Pool
from jmlr_cli.training.scores import left_behind

BarMaker = Callable[[str], AbstractContextManager[Progress]]
COMPARED = 50
"""Questions whose pools are searched again to tell how far the old index had aged."""


def generation_name(step: int) -> str:
    """What the index that is encoded after an optimizer step is called."""
    return f"step-{step:06d}"


class Generations:
    """The refreshed indexes of one run, in ``folder``."""

    def __init__(self, folder: Path, recipe: Recipe, bar: BarMaker) -> None:
        self._folder = folder
        self._recipe = recipe
        self._bar = bar

    def write(self, name: str, retriever: TrainableRetriever, index: Index) -> None:
        """Encode the passages of ``index`` with the retriever as it is now."""
        encode(self._folder / name, retriever, self._recipe, index, self._bar)

    def open(self, name: str) -> Index:
        """A generation, with the retriever of its step, behind the recipe's filters."""
        return open_index(self._folder / name / "index", make_retriever).within(conditions(self._recipe.data.where))

    def clear(self) -> None:
        """Remove all: the run has an index of its own now."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def keep(self, names: Iterable[str | None]) -> None:
        """Remove the generations that are not among ``names``."""
        kept = set(names)
        for path in self._folder.glob("step-*"):
            if path.name not in kept:
                shutil.rmtree(path)


def encode(into: Path, retriever: TrainableRetriever, recipe: Recipe, index: Index, bar: BarMaker) -> None:
    """Write ``into/retriever``, the weights as they are now, and ``into/index``, the passages of ``index`` under them.
    Where passages still have the vectors that ``index`` holds, these are taken over. A filter on ``index`` leaves none out."""
    saved = into / "retriever"
    retriever.save(saved)
    fresh = make_retriever(trained_config(recipe, saved))
    if fresh.fingerprint == index.manifest.fingerprint and not has_manifest(into / "index"):
        shutil.copytree(index.folder, into / "index")
    with bar("encoding the index") as progress:
        build_index(into / "index", fresh, index.passages, index.manifest.passage_words, progress)


@torch.no_grad()
def refresh_staleness(before: dict[str, Pool], candidates: Candidates, questions: Iterable[Question], k: int) -> float | None:
    """How far an index had aged when it was replaced: 1 − |old top-k ∩ new top-k| / k, the mean over the first
    :data:`COMPARED` questions whose old pools are known; None when none is."""
    known = [question for question in questions if question.id in before][:COMPARED]
    shares = []
    for question in known:
        old, new = before[question.id].ids[:k], [passage.id for passage in candidates.of(question)[:k]]
        shares.append(left_behind(old, new))
    return sum(shares) / len(shares) if shares else None
