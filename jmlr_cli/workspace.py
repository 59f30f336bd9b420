"""Where things live on disk: the workspace folder and the places in it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.errors import InputError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def checked_name(name: str, what: str) -> str:
    """``name`` if it can name a folder; otherwise an :class:`InputError`."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot name {what}",
            "Use letters, digits, dots, dashes and underscores, at most 100, beginning with a letter or digit.",
        )
    return name


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that holds indexes, runs and models."""

    root: Path

    @classmethod
    def current(cls) -> Workspace:
        """``JMLR_HOME`` when it is set, otherwise ``.jmlr`` in the working folder."""
        return cls(Path(os.environ.get("JMLR_HOME") or ".jmlr").expanduser().absolute())

    def index(self, name: str) -> Path:
        """The folder of an index."""
        return self.root / "indexes" / checked_name(name, "an index")

    def run(self, name: str) -> Path:
        """The folder of a run."""
        return self.root / "runs" / checked_name(name, "a run")

    @property
    def indexes(self) -> Path:
        return self.root / "indexes"

    @property
    def evaluations(self) -> Path:
        return self.root / "evaluations"

    @property
    def comparisons(self) -> Path:
        return self.root / "comparisons"

    @property
    def beir(self) -> Path:
        """Indexes of BEIR corpora, which answer no question of the user's."""
        return self.root / "beir"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def questions(self) -> Path:
        """The user's own copies of question sets that are not public."""
        return self.root / "questions"

    @property
    def models(self) -> Path:
        return self.root / "models"
