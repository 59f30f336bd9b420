"""The bytes of a question file become text, and its JSON becomes values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmlr_cli.errors import InputError

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class NotJSON(InputError):
    """Text that begins like JSON and is none."""


@dataclass(frozen=True, slots=True)
class JsonLines:
    """The values of a JSON-lines file, each with its line number from 1."""

    values: tuple[tuple[int, Any], ...]


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises :class:`InputError` when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def decoded(content: bytes, source: str) -> str:
    """``content`` as text without its byte-order mark. Raises :class:`InputError` unless it is UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = "it is UTF-16" if content.startswith(UTF16_MARKS) else f"line {line} holds the byte 0x{content[error.start]:02x}"
        raise InputError(f"{source} is not UTF-8: {what}", "Save the file as UTF-8.") from error


def parse_json(text: str, source: str) -> JsonLines | Any:
    """The value of a whole JSON file, or its JSON lines. Raises :class:`NotJSON` when the text is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if not _like_json_lines([line.strip() for _, line in lines[:2]]):
            raise NotJSON(f"{source} is not JSON: {error}", "Correct the file there, or export it again.") from error
    return JsonLines(tuple((number, _parsed_line(line, number, source)) for number, line in lines))


def _like_json_lines(first_two: list[str]) -> bool:
    return len(first_two) == 2 and (first_two[0].endswith("}") or first_two[1].startswith("{"))


def _parsed_line(line: str, number: int, source: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        hint = "Every line of a JSON-lines file is one whole JSON object."
        raise NotJSON(f"{source}, line {number}: not JSON: {error}", hint) from error
