"""The project's own question format, which MedQA's and MIRAGE's records share.

A record has ``question`` and either ``options`` with ``answer_idx`` (the right option's label, or its
index from 0) or ``answer`` (its label or text), or ``answer`` alone: the free text that answers it.
"""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.contracts.values import Option, Question
from jmlr_cli.questions.options import indexed_label, known_label, label_of, read_options
from jmlr_cli.questions.record import Record

HINT = "A record needs 'question' and either 'options' + 'answer_idx' or 'answer'."


def read(records: Sequence[Record]) -> list[Question]:
    """The questions of records in this format."""
    return [_question(record) for record in records]


def _question(record: Record) -> Question:
    options = read_options(record) if record.fields.get("options") else ()
    return Question(
        id=record.key or record.optional("id"),
        text=record.text("question"),
        options=options,
        answer_label=_right(record, options) if options else None,
        answer=None if options else _answer(record),
        document=record.optional("document") or None,
        rationale=record.optional("rationale") or None,
        subset=record.subset or record.optional("subset") or record.optional("meta_info"),
    )


def _answer(record: Record) -> str:
    answer = record.optional("answer")
    if not answer:
        raise record.wrong("it has neither 'options' nor an 'answer'", HINT)
    return answer


def _right(record: Record, options: tuple[Option, ...]) -> str:
    index = record.fields.get("answer_idx")
    if type(index) is int and not any(option.label == str(index) for option in options):
        return indexed_label(record, options, index, "answer_idx")
    label = record.optional("answer_idx")
    if label:
        upper = label if any(option.label == label for option in options) else label.upper()
        return known_label(record, options, upper, f"'answer_idx' is {label!r}")
    answer = record.optional("answer")
    if not answer:
        raise record.wrong("it has options but neither 'answer_idx' nor 'answer' says which is right", HINT)
    return label_of(record, options, answer, "answer")
