"""The passages of an index, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jmlr_cli.contracts.values import NO_METADATA, Passage

SCHEMA = """
CREATE TABLE passages (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, position INTEGER NOT NULL,
    title TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX passages_document ON passages (document, position);
"""
COLUMNS = "id, document, title, text, position, metadata"
AT_ONCE = 500


class PassageStore:
    """Reads the passages of one index generation. The file is never changed once written."""

    def __init__(self, path: Path) -> None:
        # immutable: no lock file beside it, so that a read-only folder works
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, check_same_thread=False)

    def __len__(self) -> int:
        return self._connection.execute("SELECT count(*) FROM passages").fetchone()[0]

    def __iter__(self) -> Iterator[Passage]:
        """All passages, by document and position."""
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM passages ORDER BY document, position, id")
        return map(_passage, rows)

    def get(self, ids: Sequence[str]) -> list[Passage]:
        """The passages with these ids, in this order. Raises KeyError for an id that is not there."""
        found: dict[str, Passage] = {}
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(f"SELECT {COLUMNS} FROM passages WHERE id IN ({marks})", some)
            found.update((passage.id, passage) for passage in map(_passage, rows))
        return [found[each] for each in ids]

    def of_document(self, document: str) -> list[Passage]:
        """The passages of one document, in their order."""
        query = f"SELECT {COLUMNS} FROM passages WHERE document = ? ORDER BY position"
        return [_passage(row) for row in self._connection.execute(query, (document,))]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def write_passages(path: Path, passages: Iterable[Passage]) -> None:
    """Write a new passage file. Raises sqlite3.IntegrityError for two passages of one id."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + SCHEMA)
        rows = ((p.id, p.document, p.title, p.text, p.position, json.dumps(dict(p.metadata))) for p in passages)
        connection.executemany(f"INSERT INTO passages ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    finally:
        connection.close()


def _passage(row: tuple[str, str, str, str, int, str]) -> Passage:
    metadata = json.loads(row[5])
    return Passage(*row[:5], metadata=metadata or NO_METADATA)
