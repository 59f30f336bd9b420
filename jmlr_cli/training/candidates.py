"""Which passages a question meets: retrieved from an index, or attached to the question itself."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.index.open import Index


class Candidates:
    """The candidate pool of each question, best first. The index is searched for a question when it is first met: a run
    of a hundred steps over a large question set searches for a hundred batches, not for all."""

    def __init__(self, index: Index | None, pool: int) -> None:
        self._index = index
        self._pool = pool
        self._found: dict[str, list[str]] = {}

    def refresh(self, index: Index) -> None:
        """Take candidates from ``index`` from now on."""
        self._index = index
        self._found.clear()

    def of(self, questions: Sequence[Question]) -> list[tuple[Passage, ...]]:
        """The candidates of each question: without an index, the passages that came attached to it."""
        if self._index is None:
            return [question.passages[: self._pool] for question in questions]
        self._search([question for question in questions if question.id not in self._found])
        return [tuple(self._index.passages.get(self._found[question.id])) for question in questions]

    def _search(self, questions: Sequence[Question]) -> None:
        assert self._index is not None
        matches = self._index.retriever.search([question.text for question in questions], self._pool) if questions else []
        for question, row in zip(questions, matches, strict=True):
            self._found[question.id] = [match.passage_id for match in row]
