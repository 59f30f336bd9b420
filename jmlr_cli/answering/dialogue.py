"""A conversation with a system."""

from __future__ import annotations

from collections.abc import Iterator

from jmlr_cli.answering.ask import rendered, retrieve, written
from jmlr_cli.answering.citations import cited_ranks, uncited
from jmlr_cli.answering.system import System
from jmlr_cli.contracts.values import Hit, Turn


class Dialogue:
    """Keeps the turns that the model has room for. ``hits`` and ``cited`` are of the last answer, ``forgotten`` the number of
    turns that the last question pushed out."""

    def __init__(self, system: System, k: int, max_new_tokens: int) -> None:
        self._system, self._k, self._max_new_tokens = system, k, max_new_tokens
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all turns."""
        self._turns: tuple[Turn, ...] = ()
        self.hits: list[Hit] = []
        self.cited: tuple[int, ...] = ()
        self.forgotten = 0

    @property
    def remembered(self) -> int:
        """How many turns the model is shown."""
        return len(self._turns)

    def ask(self, question: str) -> Iterator[str]:
        """The cited answer as it is written. The turn is kept when the answer ends, or is left after some of it came.

        The passages are found, and old turns forgotten, before this returns.
        """
        hits = retrieve(self._system, question, self._k, self._turns)
        prompt = rendered(self._system, question, hits, self._turns)
        self.forgotten = len(self._turns) - len(prompt.history)
        self._turns = prompt.history
        self.hits, self.cited = hits, ()
        return self._kept(question, written(self._system, prompt, hits, self._max_new_tokens))

    def _kept(self, question: str, pieces: Iterator[str]) -> Iterator[str]:
        answer = ""
        try:
            for piece in pieces:
                answer += piece
                yield piece
        finally:
            self.cited = cited_ranks(answer)
            if answer.strip():
                self._turns = (*self._turns, Turn(question, uncited(answer).strip()))
