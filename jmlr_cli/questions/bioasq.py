"""BioASQ's questions on biomedical literature (Krithara et al. 2023), as its organisers hand them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jmlr_cli.contracts.values import Option, Passage, Question, passage_id
from jmlr_cli.questions.record import Record

OPTIONS = (Option("A", "yes"), Option("B", "no"))


def read(records: Sequence[Record]) -> list[Question]:
    """The questions of records with ``body``, ``type`` and ``exact_answer`` or ``ideal_answer``: those of type ``yesno`` with
    two options, the others answered by the ideal answer. The type is the subset, and the snippets are the passages."""
    return [_question(record) for record in records]


def _question(record: Record) -> Question:
    kind, yes_no = record.text("type"), record.text("type") == "yesno"
    ideal = _first(record, "ideal_answer")
    if not yes_no and not ideal:
        raise record.wrong("it has no 'ideal_answer'", "The released training sets hold the answers; test sets do not.")
    identity = record.optional("id")
    return Question(
        id=identity,
        text=record.text("body"),
        options=OPTIONS if yes_no else (),
        answer_label=_label(record) if yes_no else None,
        answer=None if yes_no else ideal,
        passages=_passages(record),
        rationale=ideal or None if yes_no else None,
        subset=kind,
    )


def _label(record: Record) -> str:
    said = _first(record, "exact_answer").lower().rstrip(".")
    label = next((option.label for option in OPTIONS if option.text == said), None)
    if label is None:
        raise record.wrong(f"'exact_answer' is {said!r}", "That of a yesno question must be yes or no.")
    return label


def _first(record: Record, name: str) -> str:
    """A field that holds a text, or the first of several."""
    value = record.fields.get(name)
    return record.cleaned(value[0] if isinstance(value, list) and value else value or None, name)


def _passages(record: Record) -> tuple[Passage, ...]:
    """One passage a snippet, of the document by whose number its address ends."""
    snippets = record.fields.get("snippets") or []
    if not isinstance(snippets, list) or not all(isinstance(snippet, dict) for snippet in snippets):
        raise record.wrong("'snippets' must be a list of objects with 'text' and 'document'")
    found = [(_document(record, snippet), record.cleaned(snippet.get("text"), "text")) for snippet in snippets]
    distinct = dict.fromkeys(pair for pair in found if pair[1])
    return tuple(
        Passage(passage_id(document, "", text), document, "", text, position)
        for position, (document, text) in enumerate(distinct)
    )


def _document(record: Record, snippet: dict[str, Any]) -> str:
    return record.cleaned(snippet.get("document"), "document").rstrip("/").rsplit("/", 1)[-1]
