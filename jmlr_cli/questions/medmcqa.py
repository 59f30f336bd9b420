"""MedMCQA's records: ``question``, ``opa`` to ``opd``, ``cop`` (the right option), ``exp``, ``subject_name``.

``cop`` counts from 1 in the files of the authors and from 0 in those of the Hugging Face hub. The file
tells which: a 4 is only possible from 1, a 0 only from 0. A file with neither is decided by its
explanations ("Ans. is b"), and counts from 1 when they do not tell either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jmlr_cli.contracts.values import Question
from jmlr_cli.questions.options import checked, indexed_label, lettered
from jmlr_cli.questions.record import Record

FIELDS = ("opa", "opb", "opc", "opd")
EXPLAINED = re.compile(r"\bans(?:wer)?\b[\s.:(\-–'\"]*(?:is\b)?[\s.:(\-–'\"]*([a-d])\b", re.IGNORECASE)


def read(records: Sequence[Record]) -> list[Question]:
    """The questions of a MedMCQA file. Raises :class:`InputError` when ``cop`` counts from 0 and from 1."""
    base = first_index([(record, _cop(record)) for record in records])
    return [_question(record, base) for record in records]


def first_index(answers: Sequence[tuple[Record, int]]) -> int:
    """What ``cop`` is for the first option, 0 or 1, by the evidence of the whole file."""
    zero = next((record for record, cop in answers if cop == 0), None)
    four = next((record for record, cop in answers if cop == len(FIELDS)), None)
    if zero and four:
        raise four.wrong(f"'cop' is 4, which counts from 1, but it is 0 at {zero.place}", "Use one file with one way to count.")
    if zero or four:
        return 0 if zero else 1
    explained = [(cop, letter) for record, cop in answers if (letter := _explained_index(record)) is not None]
    from_zero = sum(cop == index for cop, index in explained)
    from_one = sum(cop == index + 1 for cop, index in explained)
    return 0 if from_zero > from_one else 1


def _explained_index(record: Record) -> int | None:
    found = EXPLAINED.search(record.optional("exp"))
    return "abcd".index(found.group(1).lower()) if found else None


def _cop(record: Record) -> int:
    text = record.optional("cop").removesuffix(".0")
    if text in ("", "-1"):
        raise record.wrong("'cop' does not say which option is right", "MedMCQA's test split has no answers: use its dev split.")
    if text not in ("0", "1", "2", "3", "4"):
        raise record.wrong(f"'cop' is {text!r}, not the number of an option")
    return int(text)


def _question(record: Record, base: int) -> Question:
    options = checked(record, lettered([record.optional(field) for field in FIELDS]))
    return Question(
        id=record.optional("id"),
        text=record.text("question"),
        options=options,
        answer_label=indexed_label(record, options, _cop(record) - base, "cop"),
        rationale=record.optional("exp") or None,
        subset=record.optional("subject_name"),
    )
