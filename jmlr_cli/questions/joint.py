"""The records of the paper's published code: ``input`` (the question), ``output`` (the answer), ``doc`` (passages)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jmlr_cli.contracts.values import Passage, Question, passage_id
from jmlr_cli.questions.embedded import split_options
from jmlr_cli.questions.record import Record

SEPARATOR = re.compile(r"(?:^|\n)\s*Reference:\s*\n")


def read(records: Sequence[Record]) -> list[Question]:
    """The questions of such records. One whose ``input`` holds its options, clearly marked, becomes an option
    question when its ``output`` names one of them; every other stays a free-text question."""
    return [_question(record) for record in records]


def _question(record: Record) -> Question:
    text, answer, key = record.text("input"), record.text("output"), record.key or record.optional("id")
    passages = _passages(record, key or str(record.number))
    embedded = split_options(text, answer)
    if embedded is None:
        return Question(id=key, text=text, answer=answer, passages=passages)
    return Question(
        id=key,
        text=embedded.text,
        options=embedded.options,
        answer_label=embedded.answer_label,
        passages=passages,
        rationale=embedded.rationale or None,
    )


def _passages(record: Record, document: str) -> tuple[Passage, ...]:
    """The attached passages: a list of texts, or one text in which ``Reference:`` lines separate them."""
    doc = record.fields.get("doc")
    items = doc if isinstance(doc, list) else SEPARATOR.split(record.cleaned(doc, "doc"))
    texts = [text for text in (record.cleaned(item, "doc") for item in items) if text]
    return tuple(Passage(passage_id(document, "", text), document, "", text, n) for n, text in enumerate(texts))
