"""Hundreds of real processes in seconds: each command runs in a child of one process that has everything imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; anything else there fails."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self.out + self.err
        return json.loads(lines[0])


@dataclass(frozen=True)
class Ended(Result):
    """A command that ended, or was killed. ``changes`` is how often it changed the file system."""

    seconds: float
    changes: int

    @property
    def killed(self) -> bool:
        return self.code == -9


class Forks:
    """``forks(folder, "index", "guidelines", kill_after=0.2)`` runs the command there, and kills it in time.

    A moment is a time (``kill_after`` seconds), a change of the file system (right before the ``kill_at``-th), or a file (right
    before the first change of one whose path fits the pattern ``kill_before``): the last two are the same moment each time.
    """

    def __init__(self) -> None:
        clean = {key: value for key, value in os.environ.items() if key not in ("JMLR_HOME", "JMLR_OFFLINE", "FORCE_COLOR")}
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("forking.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**clean, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "COLUMNS": "120"},
        )  # fmt: skip

    def __call__(
        self, at: Path, *arguments: str, kill_after: float | None = None, kill_at: int = 0, kill_before: str = "",
        before: str = "", **environment: str,
    ) -> Ended:  # fmt: skip
        request = {
            "at": str(at), "arguments": arguments, "kill_after": kill_after, "kill_at": kill_at, "kill_before": kill_before,
            "before": before, "environment": environment,
        }  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate()
