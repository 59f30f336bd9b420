"""Sides that take turns, so that whatever else the machine does falls on all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from measures import seconds_of

BLOCK = 20
"""Items that one side does before the next has its turn: within them its data stays in the processor's caches, as in use."""


@dataclass(slots=True)
class Done:
    """What one side did: ``seconds`` of each item, and its ``results`` by the item's place."""

    seconds: list[float] = field(default_factory=list)
    results: dict[int, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def take_turns(
    sides: Mapping[Any, Callable[[Any], Any]],
    items: Sequence[Any],
    every: Mapping[Any, int] | None = None,
    block: int = BLOCK,
) -> dict[Any, Done]:
    """Let each side do the items, timed one by one, a block in turn, after one untimed. ``every``: a slow side does only
    every so-manieth item."""
    done = {side: Done() for side in sides}
    for run in sides.values():
        run(items[0])
    for first in range(0, len(items), block):
        for side, run in sides.items():
            for place in range(first, min(first + block, len(items))):
                if place % (every or {}).get(side, 1) == 0:
                    seconds, done[side].results[place] = seconds_of(partial(run, items[place]))
                    done[side].seconds.append(seconds)
    return done
