"""Files whose first line is a title, and whose headings end with a colon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import Document, Section


class ExampleReader(Reader):
    """Reads ``.example-reader``."""

    suffixes: ClassVar[tuple[str, ...]] = (".example-reader",)

    def read(self, path: Path, name: str) -> Iterator[Document]:
        try:
            title, *lines = path.read_text(encoding="utf-8").strip().split("\n")
        except UnicodeDecodeError as error:
            raise UnreadableFile("it is not UTF-8") from error
        yield Document(name, title.strip(), tuple(_sections(lines)))


def _sections(lines: list[str]) -> Iterator[Section]:
    """Runs of lines, each under the heading above it."""
    heading, text = "", ""
    for line in [*lines, ":"]:
        if line.rstrip().endswith(":"):
            if text.strip():
                yield Section(heading, text.strip())
            heading, text = line.rstrip()[:-1].strip(), ""
        else:
            text += f"{line}\n"
