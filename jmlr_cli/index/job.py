"""What an unfinished generation was to become, so that the very same work can go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.files import write_json
from jmlr_cli.index.difference import Difference, digest
from jmlr_cli.index.manifest import Manifest

FILE = "job.json"


@dataclass(frozen=True, slots=True)
class Job:
    """One build or update: the retriever's fingerprint, the name of the generation that it starts from (None for a build),
    and digests of the ids that are added and removed."""

    fingerprint: str
    old: str | None
    added: str
    removed: str

    @classmethod
    def of(cls, retriever: Retriever, old: Manifest | None, change: Difference) -> Job:
        """The job of turning ``old`` into what ``change`` says."""
        removed = digest(sorted(change.removed))
        return cls(retriever.fingerprint, old.generation if old else None, digest(change.added.ids()), removed)

    def write(self, generation: Path) -> None:
        """Leave the job in the generation's folder, for as long as it is not finished."""
        write_json(generation / FILE, asdict(self))


def left_by(generation: Path) -> Job | None:
    """The job of an unfinished generation; None where none was left whole."""
    try:
        return Job(**json.loads((generation / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def done(generation: Path) -> None:
    """The generation is finished: it holds finished files only."""
    (generation / FILE).unlink()
