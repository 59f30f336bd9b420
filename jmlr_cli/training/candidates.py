"""Which passages a question meets: retrieved from an index, or attached to the question itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.index.open import Index
from jmlr_cli.recipe.schema import CandidatesConfig
from jmlr_cli.training.guard import Guard
from jmlr_cli.training.joint_step import TrainingItem

SPARE = 8
"""Passages searched for beyond the pool, so that what the guard takes out is made up for."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A question's candidates by id, best first, and how many others the leakage guard kept out."""

    ids: list[str]
    guarded: int


class Candidates:
    """The candidate pool of each question, best first. The index is searched for a question when it is first met: a run
    of a hundred steps over a large question set searches for what it meets, not for all. In query-only training it is searched
    whenever a question is met, by the retriever as it then is.

    ``guarded`` counts the passages that the leakage guard has kept out, over all questions asked for so far.
    """

    def __init__(self, index: Index | None, config: CandidatesConfig) -> None:
        self.index = index
        self.guarded = 0
        self._pool = config.pool
        self._force_gold = config.force_gold
        self._lasting = config.refresh != "query-only"
        self._guard = Guard(config.guard)
        self._found: dict[str, Pool] = {}

    def refresh(self, index: Index) -> dict[str, Pool]:
        """Take candidates from ``index`` from now on. Returns the pools known before, by question."""
        before, self._found, self.index = self._found, {}, index
        return before

    def fill(self, item: TrainingItem) -> TrainingItem:
        """``item`` with its candidates."""
        return replace(item, candidates=self.of(item.question))

    def of(self, question: Question) -> tuple[Passage, ...]:
        """The question's candidates: without an index, the passages that came attached to it."""
        if self.index is None:
            kept = self._guard.keeps(question, question.passages, attached=True)
            self.guarded += len(question.passages) - len(kept)
            return tuple(kept[: self._pool])
        if question.id not in self._found or not self._lasting:
            self._found[question.id] = self._search(question)
        pool = self._found[question.id]
        self.guarded += pool.guarded
        return tuple(self.index.passages.get(pool.ids))

    def _search(self, question: Question) -> Pool:
        wanted = self._pool + SPARE
        while True:
            found = self._passages(question, wanted)
            kept = self._guard.keeps(question, found)
            if len(kept) >= self._pool or len(found) < wanted:
                break
            wanted *= 2
        pool = kept[: self._pool]
        if self._force_gold and question.document and all(passage.document != question.document for passage in pool):
            gold = self._gold(question, kept)
            pool = [*pool[: self._pool - len(gold)], *gold]
        return Pool([passage.id for passage in pool], len(found) - len(kept))

    def _passages(self, question: Question, count: int) -> list[Passage]:
        """One question at a time: in a batch, scores differ in their last digits by what else is in it, and so could the
        order of candidates after a run was resumed."""
        assert self.index is not None
        # loading an encoder draws random numbers, and training's must not hang on when that happens
        with torch.random.fork_rng():
            return [hit.passage for hit in self.index.search([question.text], count)[0]]

    def _gold(self, question: Question, found: list[Passage]) -> list[Passage]:
        """The gold document's best passage, or its first one when the search did not reach it; none when the index has none."""
        assert self.index is not None
        assert question.document is not None
        best = [passage for passage in found if passage.document == question.document]
        return (best or self.index.of_document(question.document))[:1]
