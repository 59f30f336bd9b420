"""Moments to kill a command at, and what it left."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.forks import Ended

KILLS = {"index": 21, "train": 3, "eval": 6, "report": 6, "pull": 4}
THOROUGH_KILLS = {"index": 140, "train": 30, "eval": 40, "report": 10, "pull": 30}


def moment(chance: random.Random, whole: Ended, number: int) -> dict[str, Any]:
    """When a command is killed: by turns at any time, and right before any change that it makes to the file system."""
    if number % 2:
        return {"kill_after": chance.uniform(0, 1.05 * whole.seconds)}
    return {"kill_at": chance.randint(1, whole.changes)}


def listing(folder: Path) -> set[str]:
    """Everything below a folder, by name."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
