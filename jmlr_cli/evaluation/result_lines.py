"""Results as JSON lines, a question each."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jmlr_cli.evaluation.question_result import QuestionResult

RESULT = TypeAdapter(QuestionResult)
"""Reads a line's object; keys of a later jmlr are left out."""


def line_of(result: QuestionResult) -> bytes:
    """A result as a line."""
    return (json.dumps(asdict(result), ensure_ascii=False) + "\n").encode()


def result_of(line: bytes | str) -> QuestionResult:
    """The result in a line. Raises ValueError with the reason, in one line."""
    try:
        return RESULT.validate_python(parsed(line))
    except ValidationError as error:
        raise ValueError(first_mistake(error)) from None


def parsed(text: bytes | str) -> Any:
    """The value of a JSON text. What is no number in JSON (NaN, Infinity) becomes null. Raises ValueError when it is none, also
    for half of a surrogate pair, which no file can hold."""
    value = json.loads(text, parse_constant=lambda _: None)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def first_mistake(error: ValidationError) -> str:
    """The first of a value's mistakes, in one line."""
    mistake = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, mistake["loc"])), mistake["msg"])))
