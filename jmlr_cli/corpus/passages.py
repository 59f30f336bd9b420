"""Documents become passages."""

from __future__ import annotations

from collections.abc import Iterator

from jmlr_cli.contracts.values import Document, Passage, Section, passage_id
from jmlr_cli.corpus.packing import pieces, word_count

WORDS = 400
"""Words in a passage, at most (arXiv 2402.17887)."""

SMALL_SECTION = 40
"""Words; shorter sections that follow each other share a passage."""


def split_document(document: Document, words: int = WORDS) -> list[Passage]:
    """The passages of a document, of at most ``words`` words each, in reading order.

    A passage belongs to one section, whose heading joins the title. Small sections next to each other
    share one passage, in which their headings stand above their texts. A passage that says the same as an earlier one of the
    document is left out.
    """
    passages: dict[str, Passage] = {}
    for title, text in _titled_texts(document, words):
        id = passage_id(document.id, title, text)
        if id not in passages:
            passages[id] = Passage(id, document.id, title, text, len(passages), document.metadata)
    return list(passages.values())


def _titled_texts(document: Document, words: int) -> Iterator[tuple[str, str]]:
    for group in _groups(_written(document), words):
        if len(group) > 1:
            yield document.title, "\n\n".join(map(_with_heading, group))
            continue
        title = " > ".join(part for part in (document.title, group[0].heading) if part)
        for piece in pieces(group[0].text, words):
            yield title, piece


def _groups(sections: list[Section], words: int) -> list[list[Section]]:
    """Sections in order, the small ones put together as long as they fit one passage."""
    groups: list[list[Section]] = []
    room = 0
    for section in sections:
        size = word_count(_with_heading(section))
        if word_count(section.text) >= SMALL_SECTION:
            groups.append([section])
            room = 0
        elif size <= room:
            groups[-1].append(section)
            room -= size
        else:
            groups.append([section])
            room = words - size
    return groups


def _written(document: Document) -> list[Section]:
    """The sections that have text, without white space around it."""
    sections = (Section(section.heading, section.text.strip()) for section in document.sections)
    return [section for section in sections if section.text]


def _with_heading(section: Section) -> str:
    return f"{section.heading}\n{section.text}" if section.heading else section.text
