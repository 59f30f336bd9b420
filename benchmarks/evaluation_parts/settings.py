"""What the evaluation benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STYLES = ("letter", "option")
"""Answers that are compared: the letters A to D, as ``medqa_4options`` has them, or each letter with its option's text."""

TOLERANCE = {"float32": 1e-3, "bfloat16": 0.5}
"""How far the two sides' log-likelihoods of an option may differ, in nats."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One run. ``questions`` is a file of MedQA's records; a round takes ``size`` of them, the next round the next ones.
    ``batch_sizes`` are tried on the first round, and lm-eval keeps the quickest."""

    model: str
    questions: Path
    size: int
    rounds: int
    styles: tuple[str, ...]
    dtype: str
    batch_sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One question's answer: the NLL of each option in nats, and the option of least NLL."""

    nlls: tuple[float, ...]
    chosen: str
