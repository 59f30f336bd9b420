"""What a run has used: time on its devices, tokens, memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from typing import Any

import torch

GIB = 2**30


class Meter:
    """Measures from one line of metrics to the next. Device hours go on from where a resumed run was."""

    def __init__(self, devices: int) -> None:
        self._devices = devices
        self._hours = 0.0
        self._step = 0
        self._last = time.monotonic()

    def start(self, step: int, history: Sequence[dict[str, Any]]) -> None:
        """Begin at ``step``, after the lines of metrics that a checkpoint brought."""
        self._hours = next((line["device_hours"] for line in reversed(history) if "device_hours" in line), 0.0)
        self._step, self._last = step, time.monotonic()

    def read(self, step: int, steps: int, tokens: float) -> dict[str, float]:
        """The figures since the last reading, at ``step`` of ``steps``, for ``tokens`` read by the language model."""
        now = time.monotonic()
        seconds, done = now - self._last, step - self._step
        self._last, self._step = now, step
        self._hours += seconds * self._devices / 3600
        left = seconds / done * (steps - step) * self._devices / 3600 if done else 0.0
        return {
            "tokens_per_second": round(tokens / seconds, 1) if seconds else 0.0,
            "memory_gib": round(peak_memory() / GIB, 3),
            "device_hours": round(self._hours, 6),
            "device_hours_left": round(left, 6),
        }


def peak_memory() -> int:
    """The most bytes that this process held so far: on its GPU where it has one, else in main memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
