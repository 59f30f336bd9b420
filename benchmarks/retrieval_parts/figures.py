"""What a section of the benchmark finds: figures, each with its goal where it has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. ``value`` is None where it could not be measured, and ``note`` says why. ``least`` and
    ``most`` are goals; one is ``missed`` where nothing that was tried comes near enough to have a value."""

    what: str
    value: float | None
    unit: str = ""
    least: float | None = None
    most: float | None = None
    note: str = ""
    missed: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or a value."""
        if self.missed:
            return False
        if self.value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True, slots=True)
class Found:
    """A section at one size. ``about`` says what was measured on; ``failure`` that the sides disagree, if they do."""

    section: str
    about: str
    figures: Sequence[Figure]
    details: dict[str, Any] = field(default_factory=dict)
    failure: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {**asdict(self), "figures": [figure.as_json() for figure in self.figures]}


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """How long single runs took: median, 95th percentile, least and most, and how many there were."""
    times = 1e3 * np.asarray(seconds)
    return {
        "median": float(np.median(times)),
        "p95": float(np.percentile(times, 95)),
        "min": float(times.min()),
        "max": float(times.max()),
        "count": len(times),
    }


def overlap(found: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> float:
    """The share of each list in ``right`` that is in the list of ``found`` at its place: the mean over all."""
    return float(np.mean([len(set(ours) & set(theirs)) / len(theirs) for ours, theirs in zip(found, right, strict=True)]))
