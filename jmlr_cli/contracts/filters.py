"""What a passage must have to be retrieved, as ``--where`` and the recipe's ``data.where`` say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Operator = Literal["=", "!=", "<", "<=", ">", ">="]

SHAPE = re.compile(r"\s*([^=!<>]*?)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)
COMMA = re.compile(r"(?<!\\),")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")

GRAMMAR = (
    "A filter is KEY=VALUE[,VALUE...], KEY!=VALUE[,VALUE...], or a comparison such as 'date>=2020-06' (in quotes: "
    "a shell reads > and < itself); * in a value stands for any text."
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter. ``key`` is ``document``, ``title`` or a key of the passages' metadata.

    ``=`` holds when the passage's value is one of ``values``, ``!=`` when it is none of them or the passage has no such
    key. In a value, ``*`` stands for any text, and ``\\*`` and ``\\,`` for the character. The comparisons have one value:
    a number, or an ISO date, with which a passage's date is compared as far as both go: every day of 2020 is ``<=2020``, and
    2020 is ``>=2020-06``, as it may be.
    A passage whose value is no number, or no date, then does not pass.
    """

    key: str
    operator: Operator
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """The condition that a user wrote. Raises ValueError, in one sentence that says what is wrong."""
        found = SHAPE.fullmatch(text)
        if not found or not found[1]:
            raise ValueError(f"{text!r} is no filter: it has no KEY=VALUE")
        key, operator = found[1], next(each for each in get_args(Operator) if each == found[2])
        values = tuple(value.strip().replace("\\,", ",") for value in COMMA.split(found[3]))
        if not all(values):
            raise ValueError(f"the filter {text!r} has an empty value")
        if operator in ("<", "<=", ">", ">="):
            _check_bound(text, values)
        return cls(key, operator, values)

    def __str__(self) -> str:
        values = ",".join(value.replace(",", "\\,") for value in self.values)
        return f"{self.key}{self.operator}{values}"


def conditions(texts: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions that ``texts`` state; all must hold. Raises ValueError for the first that states none."""
    return tuple(map(Condition.parse, texts))


def is_number(text: str) -> bool:
    """Whether a bound can be compared with numbers. A year can, too."""
    return bool(NUMBER.fullmatch(text))


def is_date(text: str) -> bool:
    """Whether a bound can be compared with dates: it is a year, a month or a day in the form of ISO 8601."""
    return bool(DATE.fullmatch(text))


def _check_bound(text: str, values: tuple[str, ...]) -> None:
    if len(values) > 1 or not (is_number(values[0]) or is_date(values[0])):
        raise ValueError(f"the filter {text!r} compares with what is neither one number nor one date such as 2020 or 2020-06-30")
