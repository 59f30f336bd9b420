"""The headings and texts of a parsed web page, in reading order."""

from __future__ import annotations

import re

from bs4 import NavigableString, Tag
from bs4.element import PageElement

from jmlr_plugins.readers.outline import Block


def tags(names: str) -> list[str]:
    """Tag names that stand in one text."""
    return names.split()


HEADINGS = tags("h1 h2 h3 h4 h5 h6")
BLOCKS = frozenset(
    tags(
        """address article blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer form
        header hgroup hr html li main ol p section summary table tbody td tfoot th thead tr ul"""
    )
)
LONGEST_HEADING = 40
"""Words; a longer one is a page that forgot to close its heading."""

SPACES = re.compile(r"\s+")
ITEM = "- "


def one_line(tag: Tag) -> str:
    """All text in a tag, on one line."""
    return " ".join(tag.get_text().split())


class _End:
    """Marks, on the stack of the walk, where a block ends."""

    def __init__(self, tag: Tag) -> None:
        self.tag = tag


class PageWalk:
    """Goes through a page in reading order. It keeps its own stack, because pages nest deeper than Python recurses."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._pieces: list[str] = []
        self._stack: list[PageElement | _End] = []

    def blocks(self, root: Tag) -> list[Block]:
        """The page's headings and texts."""
        self._stack.append(root)
        while self._stack:
            node = self._stack.pop()
            if type(node) is NavigableString:  # its subclasses are comments, scripts and the like
                self._pieces.append(SPACES.sub(" ", node))
            elif isinstance(node, _End):
                self._leave(node.tag)
            elif isinstance(node, Tag):
                self._enter(node)
        self._flush()
        return self._blocks

    def _enter(self, tag: Tag) -> None:
        if tag.name == "br":
            self._pieces.append("\n")
        elif tag.name in HEADINGS and 0 < len(tag.get_text().split()) <= LONGEST_HEADING:
            self._add(Block(one_line(tag), level=int(tag.name[1])))
        elif tag.name == "pre":
            self._add(Block(tag.get_text().strip("\n")))
        elif tag.name == "tr" and not tag.find(["table", "tr", *HEADINGS]):  # else it lays out a page
            self._add(Block(_row(tag), tight=True))
        elif tag.name in BLOCKS:
            self._open(tag)
        else:
            self._stack.extend(reversed(tag.contents))

    def _open(self, tag: Tag) -> None:
        self._flush()
        if tag.name == "li":
            self._pieces = [ITEM]
        self._stack.append(_End(tag))
        self._stack.extend(reversed(tag.contents))

    def _leave(self, tag: Tag) -> None:
        self._flush()
        if tag.name == "li":
            self._pieces = []

    def _add(self, block: Block) -> None:
        self._flush()
        if block.text:
            self._blocks.append(block)

    def _flush(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self._pieces).split("\n"))
        text = "\n".join(line for line in lines if line)
        if text == ITEM.strip():  # the item's text follows in a block of its own
            return
        if text:
            self._blocks.append(Block(text, tight=text.startswith(ITEM)))
        self._pieces = []


def _row(tag: Tag) -> str:
    cells = [" ".join(cell.get_text(" ").split()) for cell in tag.find_all(["td", "th"])]
    return " | ".join(cells) if any(cells) else ""
