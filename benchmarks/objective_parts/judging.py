"""How a retriever ranks the first passages of questions that it was not taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.retriever import Retriever, TrainableRetriever
from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.errors import InputError
from jmlr_cli.index.open import Index
from jmlr_cli.training.scores import rank_agreement
from objective_parts.teacher import held

HALF = 0.5
"""A passage answers when it holds more than this share of the answer."""

READ = 2
"""Passages in one prompt of the experiment of docs/results.md."""

AGREED, FOUND = 20, 100
"""Passages of a question that agreement is measured over, and those that are looked at in the order of the whole index."""

MEASURES = ("held", "page R@1", "page R@5", "answer R@1", "answer R@3", "answer RR", "agreement")


@dataclass(frozen=True)
class Case:
    """A question with the passages to be ranked."""

    question: Question
    passages: tuple[Passage, ...]

    @cached_property
    def shares(self) -> np.ndarray:
        """The share of its answer that each passage holds, (N,)."""
        return np.array([self.held([passage]) for passage in self.passages])

    def held(self, passages: Sequence[Passage]) -> float:
        """The share of its answer that these passages hold together."""
        return held(self.question.answer or "", "\n".join(passage.content for passage in passages))


def starting_retriever(index: Index) -> TrainableRetriever:
    """One like that which built the index, with the weights that a training begins with."""
    retriever = make_retriever(index.retriever.config)
    if not isinstance(retriever, TrainableRetriever):
        raise InputError(
            f"the retriever of the index {index.manifest.name!r} has nothing to train",
            "Build one: jmlr index FOLDER --recipe small",
        )
    return retriever


def cases(index: Index, questions: Sequence[Question], pool: int) -> list[Case]:
    """The questions with the ``pool`` passages that ``index`` finds first."""
    found = index.search([question.text for question in questions], pool)
    return [Case(question, tuple(hit.passage for hit in hits)) for question, hits in zip(questions, found, strict=True)]


def judged(retriever: Retriever, every: Sequence[Case]) -> np.ndarray:
    """The measures (n, M) of each case; NaN where one says nothing of it. All cases' passages are one index, so that a passage
    of another question can come between.

    ``held``: what share of the answer the first :data:`READ` hold together, which the answer NLL follows closely. ``page``:
    whether the question's own page is among the first k pages. ``answer``: of the case's own passages, whether the one that holds
    most of the answer is among the first k found, where one holds more than half. ``agreement``:
    :func:`jmlr_cli.training.scores.rank_agreement` of the first :data:`AGREED` own ones with the shares.
    """
    known = {passage.id: passage for case in every for passage in case.passages}
    with TemporaryDirectory() as folder:
        retriever.build([known[name] for name in sorted(known)], Path(folder))
        retriever.open(Path(folder))
        return np.array([_row(retriever, case, known) for case in every])


def _row(retriever: Retriever, case: Case, known: Mapping[str, Passage]) -> list[float]:
    found = [known[match.passage_id] for match in retriever.search([case.question.text], FOUND)[0]]
    pages = list(dict.fromkeys(passage.document for passage in found))
    own = [case.question.document in pages[:k] for k in (1, 5)]
    return [case.held(found[:READ]), *map(float, own), *_answer(case, found), _agreement(retriever, case)]


def _agreement(retriever: Retriever, case: Case) -> float:
    few = case.passages[:AGREED]
    found = retriever.search([case.question.text], len(few), {passage.id for passage in few})[0]
    scores = {match.passage_id: match.score for match in found}
    ranked = torch.tensor([[scores[passage.id] for passage in few]], dtype=torch.float64)
    return rank_agreement(ranked, torch.from_numpy(-case.shares[: len(few)])[None]).item()


def _answer(case: Case, found: Sequence[Passage]) -> list[float]:
    """R@1, R@3 and the reciprocal rank of the passage that answers."""
    if case.shares.max() <= HALF:
        return [np.nan] * 3
    places = [passage.id for passage in found]
    wanted = case.passages[int(case.shares.argmax())].id
    rank = places.index(wanted) + 1 if wanted in places else np.inf
    return [float(rank == 1), float(rank <= 3), 1 / rank]
