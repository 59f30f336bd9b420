"""Plain text, whose title and headings are told by their looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from jmlr_cli.contracts.reader import Reader
from jmlr_cli.contracts.values import Document
from jmlr_plugins.readers.decoding import content, decoded
from jmlr_plugins.readers.outline import Block, sectioned
from jmlr_plugins.readers.titles import is_title, title_from_name

FEWEST_LETTERS = 5
"""Of a heading; a shorter line in capitals is an abbreviation in a list."""


class TextReader(Reader):
    """Reads ``.txt``. The title is the first line when it is short; a heading is a line in capitals."""

    suffixes: ClassVar[tuple[str, ...]] = (".txt",)

    def read(self, path: Path, name: str) -> Iterator[Document]:
        lines = decoded(content(path)).strip().split("\n")
        title, body = title_from_name(name), lines
        if is_title(lines[0]) and any(map(str.strip, lines[1:])):
            title, body = " ".join(lines[0].split()), lines[1:]
        yield Document(name, title, sectioned(_blocks(body)))


def _blocks(lines: list[str]) -> Iterator[Block]:
    """Runs of lines in capitals that begin after an empty line are headings; all else is text."""
    text: list[str] = []
    at = 0
    while at < len(lines):
        run = _heading_lines(lines, at)
        if run:
            yield Block("\n".join(text).strip("\n"))
            yield Block(_one_line(run), level=1)
            text, at = [], at + len(run)
        else:
            text.append(lines[at])
            at += 1
    yield Block("\n".join(text).strip("\n"))


def _heading_lines(lines: list[str], at: int) -> list[str]:
    """The lines from ``at`` on that make one heading; none when they make no heading, or one
    without text of its own."""
    if (at > 0 and lines[at - 1].strip()) or not _in_capitals(lines[at]):
        return []
    end = _first(lines, at, lambda line: not _in_capitals(line))
    below = _first(lines, end, lambda line: bool(line.strip()))
    alone = below == len(lines) or _in_capitals(lines[below])
    return lines[at:end] if not alone and is_title(_one_line(lines[at:end])) else []


def _first(lines: list[str], start: int, fits: Callable[[str], bool]) -> int:
    """The number of the first line from ``start`` on that ``fits``, or that of lines."""
    return next((at for at in range(start, len(lines)) if fits(lines[at])), len(lines))


def _one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split()).removesuffix(":")


def _in_capitals(line: str) -> bool:
    text = line.strip()
    return text.isupper() and (text[0].isalnum() or text[0] == "(") and sum(map(str.isalpha, text)) >= FEWEST_LETTERS
