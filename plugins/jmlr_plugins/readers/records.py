"""Files with one document a line."""

from __future__ import annotations

import codecs
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import NO_METADATA, Document, Section
from jmlr_cli.corpus.seen import Seen
from jmlr_plugins.readers.decoding import LARGEST


class RecordReader(Reader):
    """Reads documents line by line, so that a corpus of any size passes through little memory."""

    @abstractmethod
    def document(self, line: str, number: int) -> Document | None:
        """The document on line ``number``, counted from 1; None when it is the table's head.
        Raises :class:`ValueError` that says what is wrong with the line."""

    def read(self, path: Path, name: str) -> Iterator[Document]:
        for _ in self._documents(path):
            pass  # a bad line must not leave half of a corpus behind, so all are read once before the first is given
        yield from self._documents(path)

    def _documents(self, path: Path) -> Iterator[Document]:
        seen = Seen()
        for number, line in _lines(path):
            try:
                document = self.document(line, number)
            except (ValueError, RecursionError) as error:
                raise UnreadableFile(f"line {number}: {error}") from error
            if document is None:
                continue
            if not seen.add(document.id):
                raise UnreadableFile(f"line {number}: a second document with the id {document.id!r}")
            yield document


def record(id: str, title: str, text: str, metadata: Mapping[str, str] = NO_METADATA) -> Document:
    """The document of one line. A record that has a title alone keeps it as its text, so that it can be found."""
    if not text.strip():
        title, text = "", title
    return Document(id, title, (Section("", text),) if text.strip() else (), metadata)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as handle:
        for number, raw in enumerate(iter(lambda: handle.readline(LARGEST + 1), b""), start=1):
            if len(raw) > LARGEST:
                raise UnreadableFile(f"line {number}: longer than {LARGEST // 2**20} MiB")
            try:
                line = raw.removeprefix(codecs.BOM_UTF8).decode().rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise UnreadableFile(f"line {number}: not UTF-8") from error
            if line.strip():
                yield number, line
