"""How a retriever ranks the first passages of questions that it was not taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.errors import InputError
from jmlr_cli.index.open import Index
from jmlr_cli.modes import evaluating
from jmlr_cli.training.scores import rank_agreement
from objective_parts.teacher import held

HALF = 0.5
"""A passage answers when it holds more than this share of the answer."""

READ = 2
"""Passages in one prompt of the experiment of docs/results.md."""

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
    """The one that built the index, with the weights that a training begins with."""
    if not isinstance(index.retriever, TrainableRetriever):
        raise InputError(
            f"the retriever of the index {index.manifest.name!r} has nothing to train",
            "Build one: jmlr index FOLDER --recipe small",
        )
    return index.retriever


def cases(index: Index, questions: Sequence[Question], pool: int) -> list[Case]:
    """The questions with the ``pool`` passages that ``index`` finds first."""
    found = index.search([question.text for question in questions], pool)
    return [Case(question, tuple(hit.passage for hit in hits)) for question, hits in zip(questions, found, strict=True)]


def judged(retriever: TrainableRetriever, every: Sequence[Case]) -> np.ndarray:
    """The measures (n, M) of each case; NaN where one says nothing of it.

    ``held``: what share of the answer the first :data:`READ` hold together, which the answer NLL follows closely. ``page``:
    whether a passage of the question's own page is among the first k. ``answer``: the same of the passage that holds most of
    the answer, where one holds more than half. ``agreement``: :func:`jmlr_cli.training.scores.rank_agreement` with the shares.
    """
    with evaluating(retriever.module):
        return np.array([_row(case, _scores(retriever, case)) for case in every])


def _scores(retriever: TrainableRetriever, case: Case) -> torch.Tensor:
    """Of the case's passages, (N,)."""
    queries = retriever.encode_queries([case.question.text])
    return retriever.score(queries, retriever.encode_passages([passage.content for passage in case.passages]))[0]


def _row(case: Case, scores: torch.Tensor) -> list[float]:
    order = scores.argsort(descending=True, stable=True).tolist()
    ranked = [case.passages[place] for place in order]
    own = [case.question.document in [passage.document for passage in ranked[:k]] for k in (1, 5)]
    agreement = rank_agreement(scores[None].double(), torch.from_numpy(-case.shares)[None])
    return [case.held(ranked[:READ]), *map(float, own), *_answer(case.shares, order), agreement.item()]


def _answer(shares: np.ndarray, order: list[int]) -> list[float]:
    """R@1, R@3 and the reciprocal rank of the passage that answers."""
    if shares.max() <= HALF:
        return [np.nan] * 3
    rank = order.index(int(shares.argmax())) + 1
    return [float(rank == 1), float(rank <= 3), 1 / rank]
