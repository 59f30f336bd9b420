"""A rationale as a document: one JSON line, marked with the question that it was written from."""

from __future__ import annotations

from dataclasses import dataclass

from jmlr_cli.contracts.values import Question
from jmlr_cli.leakage.marks import mark

PREFIX = "rationale"


@dataclass(frozen=True, slots=True)
class Rationale:
    """The reasoning for one question of the set called ``questions``. ``written_by`` names the model that wrote it, and is ""
    when the question carried it."""

    question: Question
    questions: str
    text: str
    written_by: str = ""

    def as_json(self) -> dict[str, str]:
        """The record that the reader of JSON lines takes: what is not its id and text becomes metadata."""
        own = {"written_by": self.written_by} if self.written_by else {}
        id = f"{PREFIX}/{self.questions}/{self.question.id}"
        return {"_id": id, "text": self.text, **mark(self.question), "questions": self.questions, **own}
