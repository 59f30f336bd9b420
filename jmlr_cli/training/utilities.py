"""ℓ kept for a while: the language model changes slowly, and scoring candidates is a third of a step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_whole

Key = tuple[str, str]
"""A question's id and a passage's."""


@dataclass
class Reuse:
    """What the cache did since it was last asked: lookups, hits, the hits' summed age in steps, and of the values that
    were too old and so computed anew, how many and by how much they had changed (nats, summed)."""

    asked: int = 0
    kept: int = 0
    age: int = 0
    renewed: int = 0
    drift: float = 0.0

    def figures(self) -> dict[str, float]:
        """As metrics: ``utility_kept`` (share), ``utility_age`` (steps), ``utility_drift`` (nats)."""
        found = {"utility_kept": self.kept / self.asked} if self.asked else {}
        if self.kept:
            found["utility_age"] = self.age / self.kept
        if self.renewed:
            found["utility_drift"] = self.drift / self.renewed
        return found


@dataclass
class UtilityCache:
    """ℓ of a question and a passage, used again for ``steps`` optimizer steps after it was computed."""

    steps: int
    step: int = 0
    reuse: Reuse = field(default_factory=Reuse)
    _values: dict[Key, tuple[float, int]] = field(default_factory=dict)

    def missing(self, keys: list[Key]) -> list[int]:
        """Places in ``keys`` of what must be computed."""
        self.reuse.asked += len(keys)
        places = []
        for place, key in enumerate(keys):
            age = self.step - self._values[key][1] if key in self._values else None
            if age is None or age > self.steps:
                places.append(place)
            else:
                self.reuse.kept += 1
                self.reuse.age += age
        return places

    def put(self, keys: list[Key], values: torch.Tensor) -> None:
        """Keep the ``values`` (n,) just computed."""
        for key, value in zip(keys, values.tolist(), strict=True):
            if key in self._values:
                self.reuse.renewed += 1
                self.reuse.drift += abs(value - self._values[key][0])
            self._values[key] = (value, self.step)

    def get(self, keys: list[Key], device: torch.device) -> torch.Tensor:
        """The values (n,) of ``keys``, all of which are there."""
        return torch.tensor([self._values[key][0] for key in keys], device=device)

    def take_figures(self) -> dict[str, float]:
        """The metrics since they were last taken."""
        figures, self.reuse = self.reuse.figures(), Reuse()
        return figures

    def save(self, path: Path) -> None:
        """Write the values, each to the last bit."""
        write_whole(path, json.dumps([[*key, *value] for key, value in self._values.items()]).encode())

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote. Raises :class:`DamagedError` when it is not that."""
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            self._values = {(str(q), str(p)): (float(value), int(step)) for q, p, value, step in rows}
        except (OSError, ValueError, TypeError) as error:
            raise DamagedError(f"{path} cannot be read ({type(error).__name__})", "Remove this checkpoint.") from None
