"""Markdown, with its headings and its front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from markdown_it import MarkdownIt
from markdown_it.token import Token

from jmlr_cli.contracts.reader import Reader
from jmlr_cli.contracts.values import Document, Section
from jmlr_cli.yaml_text import YamlError, load_yaml
from jmlr_plugins.readers.decoding import content, decoded
from jmlr_plugins.readers.metadata import plain_metadata
from jmlr_plugins.readers.outline import Block, first_heading, sectioned, without_title
from jmlr_plugins.readers.titles import title_from_name

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
KEY_AND_VALUE = re.compile(r"^([A-Za-z_][\w.-]*):[ \t]+(\S.*)$", re.MULTILINE)
LIKE_YAML = re.compile(r"(?:(?:[A-Za-z_][\w.-]*:(?:[ \t].*)?|[ \t#-].*|)\n)*")
"""Lines that are all a key, what belongs to one, a comment or nothing."""
SOURCE_LINE = re.compile(r"\A\s*Source:[ \t]*(\S.*)")
NAME_AND_ADDRESS = re.compile(r"(.*\S)\s+(https?://\S+)")


class MarkdownReader(Reader):
    """Reads ``.md`` and ``.markdown``. The title is the front matter's, or the first heading of level 1. A line
    "Source: NAME ADDRESS" below the title gives the metadata ``source`` and, where there is an address, ``url``."""

    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown")

    def __init__(self) -> None:
        self._parser = MarkdownIt("commonmark")
        self._block_parser = MarkdownIt("commonmark").disable("inline")

    def read(self, path: Path, name: str) -> Iterator[Document]:
        metadata, text = _front_matter(decoded(content(path)))
        blocks = list(self._blocks(text))
        title = metadata.pop("title", "") or first_heading(blocks) or title_from_name(name)
        sections = sectioned(without_title(blocks, title))
        source, sections = _source(sections)
        yield Document(name, title, sections, source | metadata)

    def _blocks(self, text: str) -> Iterator[Block]:
        """The headings, and the source lines between them. There is a text, perhaps empty, before each
        heading and after the last."""
        lines = text.split("\n")
        tokens = self._block_parser.parse(text)
        start = 0
        for opening, inline in pairwise(tokens):
            if opening.type == "heading_open" and opening.level == 0 and opening.map:
                first, end = opening.map
                yield _text(lines[start:first])
                yield Block(self._plain(inline.content), level=int(opening.tag[1]))
                start = end
        yield _text(lines[start:])

    def _plain(self, inline: str) -> str:
        """A heading without its emphasis, links and code marks."""
        children = [child for token in self._parser.parseInline(inline) for child in token.children or []]
        return " ".join("".join(map(_shown, children)).split())


def _text(lines: list[str]) -> Block:
    return Block("\n".join(lines).strip("\n"))


def _source(sections: tuple[Section, ...]) -> tuple[dict[str, str], tuple[Section, ...]]:
    """What a line "Source: ..." right below the title says, and the sections without it."""
    found = SOURCE_LINE.match(sections[0].text) if sections and not sections[0].heading else None
    if not found:
        return {}, sections
    rest = sections[0].text[found.end() :].strip()
    both = NAME_AND_ADDRESS.fullmatch(found[1].strip())
    source = {"source": both[1], "url": both[2]} if both else {"source": found[1].strip()}
    return source, ((Section("", rest),) if rest else ()) + sections[1:]


def _shown(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else "" if token.type == "html_inline" else token.content


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The plain values, and lists of them, of the YAML between two lines of dashes at the top, and the text after it."""
    found = FRONT_MATTER.match(text)
    values = _yaml(found[1]) if found else None
    if not found or not isinstance(values, dict):
        return {}, text
    return plain_metadata(values), text[found.end() :]


def _yaml(text: str) -> Any:
    """What the YAML says; of what is none, such as a title with a colon in it, the lines that are a key and a value."""
    try:
        return load_yaml(text)
    except YamlError:
        found = KEY_AND_VALUE.findall(text) if LIKE_YAML.fullmatch(text) else None
        return {key: value.strip("\"' ") for key, value in found} if found else None
