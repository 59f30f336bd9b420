"""Web pages: what a reader of the page reads, without its furniture."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.dammit import EncodingDetector

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import Document
from jmlr_plugins.readers.decoding import content, decoded
from jmlr_plugins.readers.html_blocks import HEADINGS, PageWalk, one_line, tags
from jmlr_plugins.readers.html_metadata import page_metadata
from jmlr_plugins.readers.outline import first_heading, sectioned, without_title
from jmlr_plugins.readers.titles import title_from_name

DROPPED = tags(
    """aside audio button canvas embed form iframe input nav noscript object script select style svg template
    textarea video"""
)
BANNERS = tags("header footer")
CONTENT = tags("article main section")
NO_CHARSETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
"""What Python decodes and no page is in; some take time that grows with the square of the page."""
LOOKED_FROM = frozenset([*HEADINGS, *BANNERS, "form", "tr"])
"""Tags of which it is asked what is in them or around them; each answer can take as many steps as the page is deep."""

MOST_LOOKS = 20_000_000
"""Steps of which a machine takes about ten million a second."""


class HTMLReader(Reader):
    """Reads ``.html`` and ``.htm``. The title is the first ``<h1>``, or ``<title>``; the ``<meta>`` tags give metadata."""

    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm")

    def read(self, path: Path, name: str) -> Iterator[Document]:
        page = _parsed(_decoded(content(path)))
        _check_depth(page)
        page_title = one_line(page.title) if page.title else ""
        metadata = page_metadata(page)
        _drop_furniture(page)
        blocks = PageWalk().blocks(page.body or page)
        title = first_heading(blocks) or page_title or title_from_name(name)
        yield Document(name, title, sectioned(without_title(blocks, title)), metadata)


def _parsed(text: str) -> BeautifulSoup:
    with warnings.catch_warnings():
        # XHTML is read as HTML on purpose, and a page may hold nothing but a file's name.
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        return BeautifulSoup(text, "lxml")


def _check_depth(page: BeautifulSoup) -> None:
    """Raise :class:`UnreadableFile` for a page on which looking up and down from its tags would take very long."""
    deepest, looked_from, stack = 0, 0, [(1, tag) for tag in page.contents if isinstance(tag, Tag)]
    while stack:
        depth, tag = stack.pop()
        deepest, looked_from = max(deepest, depth), looked_from + (tag.name in LOOKED_FROM)
        stack += [(depth + 1, inner) for inner in tag.contents if isinstance(inner, Tag)]
    if deepest * looked_from > MOST_LOOKS:
        raise UnreadableFile(f"nested too deep: {deepest} levels")


def _decoded(data: bytes) -> str:
    declared = (EncodingDetector.find_declared_encoding(data, is_html=True) or "").lower()
    # Browsers read Latin-1 and ASCII as Windows-1252, and no page that shows its charset in ASCII is UTF-16.
    encoding = "cp1252" if declared in ("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii") else declared
    if not encoding or b"\0" in data or data.startswith(codecs.BOM_UTF8) or encoding.startswith("utf"):
        return decoded(data)
    try:
        return decoded(data) if codecs.lookup(encoding).name in NO_CHARSETS else data.decode(encoding)
    except (LookupError, UnicodeError):
        return decoded(data)


def _drop_furniture(page: BeautifulSoup) -> None:
    for tag in page.find_all(DROPPED):
        # Some servers wrap the whole page into one form.
        if not tag.decomposed and not (tag.name == "form" and tag.find(["h1", *CONTENT])):
            tag.decompose()
    for tag in page.find_all(BANNERS):
        if not tag.decomposed and not tag.find_parent(CONTENT):
            tag.decompose()
