"""What a document-reader plugin implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from jmlr_cli.contracts.values import Document


class UnreadableFile(Exception):
    """A file that cannot be read; the text is the reason, as a user should see it."""


class Reader(ABC):
    """Turns one kind of file into documents.

    ``suffixes`` are the file endings it reads, in lower case with their dot.
    """

    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, path: Path, name: str) -> Iterator[Document]:
        """The documents in the file at ``path``; ``name`` is the file's path below the indexed folder,
        and the id of a document that is the whole file. Raises :class:`UnreadableFile`."""
