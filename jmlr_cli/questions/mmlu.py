"""MMLU: CSV rows without a header (question, options, letter), and the hub's records with ``choices``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from jmlr_cli.contracts.values import Question
from jmlr_cli.errors import InputError
from jmlr_cli.questions.options import checked, indexed_label, label_of, lettered, read_options
from jmlr_cli.questions.record import Record

LONGEST_CELL = 10_000_000
HEADERS = ("answer", "target")
ROW = "A row of MMLU is: the question, its options, and the right one's letter; there is no header."


def is_csv(text: str) -> bool:
    """Whether the first row has a question, at least two options, and a letter (or a header's name for it)."""
    try:
        first: list[str] = next((cells for cells in _rows(text) if any(cells)), [])
    except csv.Error:
        return False
    last = first[-1].strip() if len(first) >= 4 else ""
    return bool(re.fullmatch("[A-Z]", last)) or last.lower() in HEADERS


def read_csv(text: str, source: str) -> list[Question]:
    """The questions of a CSV file; its name tells the subset. Raises :class:`InputError` naming the line."""
    subset = subset_of(source)
    rows = _rows(text)
    questions: list[Question] = []
    try:
        for cells in rows:
            header = not questions and len(cells) >= 4 and cells[-1].strip().lower() in HEADERS
            if any(cell.strip() for cell in cells) and not header:
                record = Record(f"{source}, line {rows.line_num}", len(questions) + 1, {}, subset=subset)
                questions.append(_from_cells(record, cells))
    except csv.Error as error:
        raise InputError(f"{source}, line {rows.line_num}: not CSV: {error}", ROW) from error
    return questions


def subset_of(source: str) -> str:
    """The subset that a file's name tells: ``anatomy`` for ``mmlu_anatomy_test.csv``."""
    name = re.sub(r"[_-](test|dev|val|validation|train)$", "", PurePath(source).stem)
    return re.sub(r"^mmlu[_-]", "", name)


def read(records: Sequence[Record]) -> list[Question]:
    """The questions of the hub's records: ``question``, ``choices``, ``answer`` (an index from 0), ``subject``."""
    return [_from_record(record) for record in records]


def _rows(text: str) -> Any:
    """The csv module's own reader (whose type it does not export): an iterator of rows with ``line_num``."""
    csv.field_size_limit(LONGEST_CELL)
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def _from_cells(record: Record, cells: Sequence[str]) -> Question:
    if len(cells) < 4:
        raise record.wrong(f"it has {len(cells)} column{'' if len(cells) == 1 else 's'}", ROW)
    question, *texts, letter = (record.cleaned(cell, "cell") for cell in cells)
    if not question:
        raise record.wrong("its first column, the question, is empty", ROW)
    options = checked(record, lettered(texts))
    if not re.fullmatch("[A-Za-z]", letter):
        raise record.wrong(f"its last column is {letter!r}, not the letter of an option", ROW)
    label = label_of(record, options, letter, "the last column")
    identity = f"{record.subset}-{record.number}"
    return Question(id=identity, text=question, options=options, answer_label=label, subset=record.subset)


def _from_record(record: Record) -> Question:
    options = read_options(record, "choices")
    answer = record.fields.get("answer")
    if type(answer) is int:
        label = indexed_label(record, options, answer, "answer")
    else:
        label = label_of(record, options, record.text("answer"), "answer")
    subset = record.subset or record.optional("subject")
    return Question(
        id=record.key or record.optional("id"), text=record.text("question"), options=options, answer_label=label, subset=subset
    )
