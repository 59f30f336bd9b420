"""Headings and text in reading order become a document's sections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jmlr_cli.contracts.values import Section

SEPARATOR = " > "


@dataclass(frozen=True, slots=True)
class Block:
    """A heading of ``level`` 1 to 6, or text, whose level is 0. A ``tight`` text (a list item, a table's
    row) follows another one without an empty line."""

    text: str
    level: int = 0
    tight: bool = False


def first_heading(blocks: Iterable[Block]) -> str:
    """The first heading of level 1, or ""."""
    return next((block.text for block in blocks if block.level == 1), "")


def without_title(blocks: Sequence[Block], title: str) -> list[Block]:
    """``blocks`` without the heading of level 1 that gave the title."""
    place = next((at for at, block in enumerate(blocks) if block.level == 1 and block.text == title), len(blocks))
    return [*blocks[:place], *blocks[place + 1 :]]


def sectioned(blocks: Iterable[Block]) -> tuple[Section, ...]:
    """The sections of a document, each under the path of its headings: "Treatment > Children"."""
    sections: list[Section] = []
    path: list[Block] = []
    under: list[Block] = []
    for block in [*blocks, Block("", level=1)]:
        if not block.level:
            under.append(block)
            continue
        text = _joined(under)
        if text:
            sections.append(Section(SEPARATOR.join(heading.text for heading in path if heading.text), text))
        path = [heading for heading in path if heading.level < block.level] + [block]
        under = []
    return tuple(sections)


def _joined(blocks: Sequence[Block]) -> str:
    pieces: list[str] = []
    for at, block in enumerate(blocks):
        tight = block.tight and at > 0 and blocks[at - 1].tight
        pieces += ["\n" if tight else "\n\n", block.text]
    return "".join(pieces).strip()
