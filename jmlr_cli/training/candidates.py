"""Which passages a question meets: retrieved from an index, or attached to the question itself."""

from __future__ import annotations

import torch

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.index.open import Index


class Candidates:
    """The candidate pool of each question, best first. The index is searched for a question when it is first met: a run
    of a hundred steps over a large question set searches for what it meets, not for all."""

    def __init__(self, index: Index | None, pool: int) -> None:
        self._index = index
        self._pool = pool
        self._found: dict[str, list[str]] = {}

    def refresh(self, index: Index) -> None:
        """Take candidates from ``index`` from now on."""
        self._index = index
        self._found.clear()

    def of(self, question: Question) -> tuple[Passage, ...]:
        """The question's candidates: without an index, the passages that came attached to it."""
        if self._index is None:
            return question.passages[: self._pool]
        if question.id not in self._found:
            self._found[question.id] = self._search(question)
        return tuple(self._index.passages.get(self._found[question.id]))

    def _search(self, question: Question) -> list[str]:
        """One question at a time: in a batch, scores differ in their last digits by what else is in it, and so could the
        order of candidates after a run was resumed."""
        assert self._index is not None
        # loading an encoder draws random numbers, and training's must not hang on when that happens
        with torch.random.fork_rng():
            matches = self._index.retriever.search([question.text], self._pool)[0]
        return [match.passage_id for match in matches]
