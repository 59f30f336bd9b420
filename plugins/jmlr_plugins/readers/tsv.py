"""Tab-separated passages, as ColBERT's ``collection.tsv`` has them."""

from __future__ import annotations

from typing import ClassVar

from jmlr_cli.contracts.values import Document
from jmlr_plugins.readers.records import RecordReader, record

HEADS = ("id", "pid")


class TSVReader(RecordReader):
    """Reads ``.tsv``: ``id<TAB>text[<TAB>title]``, without quotes; a first line that begins with "id" or "pid" is the head."""

    suffixes: ClassVar[tuple[str, ...]] = (".tsv",)

    def document(self, line: str, number: int) -> Document | None:
        id, *columns = line.split("\t")
        if number == 1 and id.strip().lower() in HEADS:
            return None
        if not id.strip() or len(columns) not in (1, 2):
            raise ValueError("not id, text and perhaps title between tabs")
        text, title = (*columns, "")[:2]
        return record(id.strip(), title, text)
