"""Which passages a question meets: retrieved from an index, or attached to the question itself."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.index.open import Index

AT_ONCE = 64


class Candidates:
    """The candidate pool of each question, best first."""

    def __init__(self, index: Index | None, pool: int) -> None:
        self.index = index
        self.pool = pool
        self._found: dict[str, list[str]] = {}

    def retrieve(self, questions: Sequence[Question], progress: Progress = silent) -> None:
        """Search the index for the pool of each question, forgetting any earlier pool."""
        self._found.clear()
        if self.index is None:
            return
        progress(0, len(questions))
        for start in range(0, len(questions), AT_ONCE):
            batch = questions[start : start + AT_ONCE]
            matches = self.index.retriever.search([question.text for question in batch], self.pool)
            for question, row in zip(batch, matches, strict=True):
                self._found[question.id] = [match.passage_id for match in row]
            progress(len(batch))

    def of(self, question: Question) -> tuple[Passage, ...]:
        """The question's candidates: without an index, the passages that came attached to it."""
        if self.index is None:
            return question.passages[: self.pool]
        return tuple(self.index.passages.get(self._found[question.id]))
