"""A question file of any known format becomes a question set. The content tells the format, not the name."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.questions import bioasq, joint, medmcqa, mmlu, own, parquet, pubmedqa
from jmlr_cli.questions.files import NotJSON, decoded, parse_json, read_bytes
from jmlr_cli.questions.record import Record
from jmlr_cli.questions.records import EXPECTED, records_of

Reader = Callable[[Sequence[Record]], list[Question]]

READERS: tuple[tuple[frozenset[str], Reader], ...] = (
    (frozenset({"question", "opa", "opb"}), medmcqa.read),
    (frozenset({"QUESTION", "CONTEXTS"}), pubmedqa.read),
    (frozenset({"question", "final_decision"}), pubmedqa.read_hub),
    (frozenset({"question", "choices"}), mmlu.read),
    (frozenset({"input", "output"}), joint.read),
    (frozenset({"body", "type"}), bioasq.read),
    (frozenset({"question"}), own.read),
)
"""The fields that tell a format, the most telling first, and what reads it."""


def read_questions(path: Path) -> QuestionSet:
    """The questions in a file.

    Raises :class:`InputError`, which names the file, the line or record, what is wrong there and what is
    expected, and :class:`MissingError` for a Parquet file when pyarrow is not installed.
    """
    return QuestionSet(path.stem, tuple(parse_questions(read_bytes(path), str(path))), str(path))


def parse_questions(content: bytes, source: str) -> list[Question]:
    """The questions in a file's content; ``source`` is the file's name, for error messages and MMLU's subset."""
    if content.startswith(parquet.MAGIC):
        return _read(parquet.read_rows(content, source), source)
    text = decoded(content, source)
    start = text.lstrip()[:1]
    if not start:
        raise InputError(f"{source} is empty", EXPECTED)
    if start not in "{[":
        return _read_csv(text, source)
    try:
        return _read(records_of(parse_json(text, source), source), source)
    except NotJSON:
        if not mmlu.is_csv(text):
            raise
        return _read_csv(text, source)


def _read_csv(text: str, source: str) -> list[Question]:
    if not mmlu.is_csv(text):
        raise InputError(f"{source} holds questions in no format that is known", EXPECTED)
    return mmlu.read_csv(text, source)


def _read(records: list[Record], source: str) -> list[Question]:
    if not records:
        raise InputError(f"{source} holds no questions", EXPECTED)
    names = records[0].fields.keys()
    reader = next((reader for fields, reader in READERS if fields <= names), None)
    if reader is None:
        found = ", ".join(map(repr, list(names)[:8])) or "no fields"
        raise records[0].wrong(f"a record with {found} is in no format that is known", EXPECTED)
    return _identified(records, reader(records))


def _identified(records: Sequence[Record], questions: Sequence[Question]) -> list[Question]:
    """The questions, one without an id getting its line's (or record's) number. Two of one id are an error."""
    places: dict[str, str] = {}
    for record, question in zip(records, questions, strict=True):
        if question.id and question.id in places:
            raise record.wrong(f"its id {question.id!r} is also that of {places[question.id]}", "Give every question its own id.")
        places[question.id] = record.place
    return [
        question if question.id else replace(question, id=_free_id(record.number, places))
        for record, question in zip(records, questions, strict=True)
    ]


def _free_id(number: int, taken: Container[str]) -> str:
    """The number, or ``line-`` and the number where a question is called so already."""
    return next(id for times in count() if (id := f"{'line-' * times}{number}") not in taken)
