"""How the passages of a new generation differ from those of the one before."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from jmlr_cli.index.passages import PassageStream, connected

CHANGED = """
SELECT EXISTS (
    SELECT 1 FROM passages JOIN old.passages AS before USING (id)
    WHERE passages.document != before.document OR passages.position != before.position OR passages.title != before.title
        OR passages.text != before.text OR passages.metadata != before.metadata
)
"""


@dataclass(frozen=True)
class Difference:
    """Between the passage file ``new`` and the file ``old``; without one, everything is added. Only the ids of removed
    passages are held in memory."""

    new: Path
    old: Path | None

    @property
    def added(self) -> PassageStream:
        """The new passages, in the order of their ids."""
        return PassageStream(self.new, self.old)

    @cached_property
    def removed(self) -> frozenset[str]:
        """The ids of the old passages that are not among the new ones."""
        return frozenset(PassageStream(self.old, self.new).ids()) if self.old else frozenset()

    @cached_property
    def passages(self) -> int:
        """How many there are now."""
        return len(PassageStream(self.new))

    @cached_property
    def documents(self) -> int:
        """How many documents they are of."""
        with closing(connected(self.new)) as connection:
            return connection.execute("SELECT count(DISTINCT document) FROM passages").fetchone()[0]

    @cached_property
    def count_added(self) -> int:
        return len(self.added)

    @property
    def is_nothing(self) -> bool:
        """Whether both hold the same passages, their places and metadata included."""
        return self.old is not None and not self.count_added and not self.removed and not self._changed()

    def _changed(self) -> bool:
        """Whether a passage kept its id, and has another place or other metadata."""
        with closing(connected(self.new, self.old)) as connection:
            return bool(connection.execute(CHANGED).fetchone()[0])


def digest(ids: Iterable[str]) -> str:
    """A digest of ids in their order, as hexadecimal digits."""
    made = blake2b(digest_size=16)
    for each in ids:
        made.update(each.encode() + b"\0")
    return made.hexdigest()
