"""PDF files, page by page."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import ClassVar

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import Document, Section
from jmlr_plugins.readers.metadata import pdf_date, plain_metadata
from jmlr_plugins.readers.running_lines import without_running_lines
from jmlr_plugins.readers.titles import is_title, title_from_name
from jmlr_plugins.readers.unwrap import unwrapped

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every flaw that it then mends

NO_TITLE = re.compile(r"untitled|microsoft (word|powerpoint)|\S+\.(docx?|pptx?|indd|qxd|pdf|tex|rtf)$", re.IGNORECASE)
"""What programs write as the title when nobody gave one."""


class PDFReader(Reader):
    """Reads ``.pdf``. Each page is a section called "page N", so that a citation leads to its page. The author and the day on
    which the file was made are metadata where it tells them."""

    suffixes: ClassVar[tuple[str, ...]] = (".pdf",)

    def read(self, path: Path, name: str) -> Iterator[Document]:
        content = path.read_bytes()  # what the disk does wrong is not the file's damage
        try:
            title, metadata, pages = _parts(content)
        except UnreadableFile:
            raise
        except DependencyError as error:
            raise UnreadableFile(f"encrypted in a way that needs another package: {error}") from error
        except Exception as error:  # a damaged file makes pypdf raise nearly anything
            raise UnreadableFile(f"damaged PDF ({type(error).__name__}: {error})") from error
        sections = tuple(Section(f"page {number}", text) for number, text in enumerate(pages, start=1) if text)
        if not sections:
            raise UnreadableFile("no text (a scan?)")
        yield Document(name, title or _first_line(sections[0].text) or title_from_name(name), sections, metadata)


def _parts(content: bytes) -> tuple[str, dict[str, str], list[str]]:
    """The title, what the file says of its author and day, and the text of each page."""
    pdf = PdfReader(BytesIO(content))
    # Many a guideline is locked against changes only: its password for reading is empty.
    if pdf.is_encrypted and pdf.decrypt("") == PasswordType.NOT_DECRYPTED:
        raise UnreadableFile("encrypted")
    title, author, date = (_info(pdf, key) for key in ("/Title", "/Author", "/CreationDate"))
    pages = without_running_lines([page.extract_text() for page in pdf.pages])
    metadata = plain_metadata({"author": author, "date": pdf_date(date)})
    return ("" if NO_TITLE.match(title) else title), metadata, [unwrapped(page) for page in pages]


def _info(pdf: PdfReader, key: str) -> str:
    """An entry of the file's own description, on one line; "" without one."""
    info = pdf.metadata
    return " ".join(str(info.get(key) or "").split()) if info else ""


def _first_line(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if is_title(line) else ""
