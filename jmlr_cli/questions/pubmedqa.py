"""PubMedQA: yes/no/maybe questions with their abstracts (Jin et al. 2019), as its authors and as the hub store them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jmlr_cli.contracts.values import Option, Passage, Question, passage_id
from jmlr_cli.questions.record import Record

OPTIONS = (Option("A", "yes"), Option("B", "no"), Option("C", "maybe"))


def read(records: Sequence[Record]) -> list[Question]:
    """The questions of the authors' records: ``QUESTION``, ``CONTEXTS``, ``LABELS``, ``LONG_ANSWER``, ``final_decision``."""
    return [_question(record, "QUESTION", "LONG_ANSWER", record.key, record.fields) for record in records]


def read_hub(records: Sequence[Record]) -> list[Question]:
    """The questions of the hub's records, which hold the same under ``question``, ``context`` and ``long_answer``."""
    return [_from_hub(record) for record in records]


def _from_hub(record: Record) -> Question:
    context = record.fields.get("context")
    if not isinstance(context, Mapping):
        raise record.wrong("'context' must be an object with 'contexts' and 'labels'")
    upper = {name.upper(): value for name, value in context.items()}
    return _question(record, "question", "long_answer", record.optional("pubid") or record.key, upper)


def _question(record: Record, text: str, rationale: str, pmid: str, context: Mapping[str, Any]) -> Question:
    return Question(
        id=pmid,
        text=record.text(text),
        options=OPTIONS,
        answer_label=_decision(record),
        passages=_passages(record, pmid, context),
        rationale=record.optional(rationale) or None,
    )


def _decision(record: Record) -> str:
    decision = record.text("final_decision").lower()
    label = next((option.label for option in OPTIONS if option.text == decision), None)
    if label is None:
        raise record.wrong(f"'final_decision' is {decision!r}", "It must be yes, no or maybe.")
    return label


def _passages(record: Record, pmid: str, context: Mapping[str, Any]) -> tuple[Passage, ...]:
    """One passage a section of the abstract, titled by its label, in the abstract's order."""
    texts, labels = context.get("CONTEXTS"), context.get("LABELS") or []
    if not isinstance(texts, Sequence) or isinstance(texts, str) or isinstance(labels, str):
        raise record.wrong("'CONTEXTS' must be a list of texts, and 'LABELS' a list of their headings")
    titles = [record.cleaned(label, "LABELS") for label in labels] + [""] * len(texts)
    sections = [(title, record.cleaned(text, "CONTEXTS")) for title, text in zip(titles, texts, strict=False)]
    return tuple(
        Passage(passage_id(pmid, title, text), pmid, title, text, position)
        for position, (title, text) in enumerate(sections)
        if text
    )
