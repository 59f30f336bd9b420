"""What a retriever does for one generation of an index, alone or with other processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.index.difference import Difference

PASSAGES = "passages.sqlite"
VECTORS = "retriever"


@dataclass(frozen=True)
class Work:
    """To write into ``into``, a generation's folder, what ``old`` holds, another one's, with the ``change``; or, without
    ``old``, all of its passages."""

    into: Path
    old: Path | None
    change: Difference

    @classmethod
    def between(cls, into: Path, old: Path | None) -> Work:
        """The work that leads from the passages of ``old`` to those of ``into``."""
        return cls(into, old, Difference(into / PASSAGES, old / PASSAGES if old else None))

    def done_by(self, retriever: Retriever, progress: Progress = silent) -> None:
        """Let the retriever write its files, or this process's share of them."""
        if self.old is None:
            retriever.build(self.change.added, self.into / VECTORS, progress)
        else:
            retriever.update(self.old / VECTORS, self.into / VECTORS, self.change.added, self.change.removed, progress)
