"""What a run logged."""

from __future__ import annotations

import json
from pathlib import Path


def losses(run: Path) -> dict[int, float]:
    """The loss of each step, to the last bit."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = [(line["step"], line["loss"]) for line in lines if "loss" in line]
    assert len(found) == len(dict(found)), "a step was logged twice"
    return dict(found)
