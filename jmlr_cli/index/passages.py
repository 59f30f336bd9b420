"""The passages of an index, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.contracts.values import NO_METADATA, Passage

TABLE = """
CREATE TABLE passages (
    id TEXT NOT NULL, document TEXT NOT NULL, position INTEGER NOT NULL,
    title TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL
);
"""
KEYS = """
CREATE UNIQUE INDEX passages_id ON passages (id);
CREATE INDEX passages_document ON passages (document, position);
"""
COLUMNS = "id, document, title, text, position, metadata"
NEW = "NOT EXISTS (SELECT 1 FROM old.passages AS before WHERE before.id = passages.id)"
AT_ONCE = 500


class PassageStore:
    """Reads the passages of one index generation. The file is never changed once written."""

    def __init__(self, path: Path) -> None:
        self._connection = connected(path)

    def __len__(self) -> int:
        return self._connection.execute("SELECT count(*) FROM passages").fetchone()[0]

    def __iter__(self) -> Iterator[Passage]:
        """All passages, by document and position."""
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM passages ORDER BY document, position, id")
        return map(_passage, rows)

    def get(self, ids: Sequence[str]) -> list[Passage]:
        """The passages with these ids, in this order. Raises KeyError for an id that is not there."""
        found = self.found(ids)
        return [found[each] for each in ids]

    def found(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of the passages with these ids that are there, by id."""
        found: dict[str, Passage] = {}
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._connection.execute(f"SELECT {COLUMNS} FROM passages WHERE id IN ({marks})", some)
            found.update((passage.id, passage) for passage in map(_passage, rows))
        return found

    def ids(self) -> list[str]:
        """The ids of all passages, sorted."""
        return [row[0] for row in self._connection.execute("SELECT id FROM passages ORDER BY id")]

    def of_document(self, document: str) -> list[Passage]:
        """The passages of one document, in their order."""
        query = f"SELECT {COLUMNS} FROM passages WHERE document = ? ORDER BY position"
        return [_passage(row) for row in self._connection.execute(query, (document,))]

    def select(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple]:
        """The rows of a query on the table ``passages``, in which ``values`` stand for its question marks."""
        return self._connection.execute(query, values)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class PassageStream:
    """The passages in the file ``path`` that the file ``old`` lacks (all without one), in the order of their ids.

    Each iteration reads the file anew, one passage at a time, over a connection of its own.
    """

    path: Path
    old: Path | None = None

    def __len__(self) -> int:
        with closing(connected(self.path, self.old)) as connection:
            return connection.execute(f"SELECT count(*) FROM passages{self._new}").fetchone()[0]

    def __iter__(self) -> Iterator[Passage]:
        # by the index, not sorted: a sort would copy all texts into a temporary file
        query = f"SELECT {COLUMNS} FROM passages INDEXED BY passages_id{self._new} ORDER BY id"
        with closing(connected(self.path, self.old)) as connection:
            yield from map(_passage, connection.execute(query))

    def ids(self) -> Iterator[str]:
        """Their ids alone, in order."""
        with closing(connected(self.path, self.old)) as connection:
            yield from (row[0] for row in connection.execute(f"SELECT id FROM passages{self._new} ORDER BY id"))

    @property
    def _new(self) -> str:
        return f" WHERE {NEW}" if self.old else ""


def connected(path: Path, old: Path | None = None) -> sqlite3.Connection:
    """A connection that reads a finished passage file, with another one's table as ``old.passages``."""
    connection = sqlite3.connect(_uri(path), uri=True, check_same_thread=False)
    if old is not None:
        connection.execute("ATTACH ? AS old", (_uri(old),))
    return connection


def write_passages(path: Path, passages: Iterable[Passage]) -> None:
    """Write a new passage file, one passage at a time. Raises sqlite3.IntegrityError for two passages of one id."""
    rows = ((p.id, p.document, p.title, p.text, p.position, json.dumps(dict(p.metadata))) for p in passages)
    connection = sqlite3.connect(path)
    try:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + TABLE)
        connection.executemany(f"INSERT INTO passages ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
        connection.executescript(KEYS)  # ids come in no order: a tree is cheaper made of all at once
    finally:
        rows.close()  # whatever reads documents for it ends before an error is shown
        connection.close()


def _uri(path: Path) -> str:
    # immutable: no lock file beside it, so that a read-only folder works
    return f"{path.absolute().as_uri()}?immutable=1"


def _passage(row: tuple[str, str, str, str, int, str]) -> Passage:
    metadata = json.loads(row[5])
    return Passage(*row[:5], metadata=metadata or NO_METADATA)
