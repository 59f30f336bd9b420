"""How far a model's confidence in its choices is to be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from jmlr_cli.evaluation.metrics import Interval, wilson_interval

BINS = 10
"""Bins of equal width between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The ``n`` answers whose confidence is above ``low`` and at most ``high``: their mean confidence, and the share that is
    right with its 95 % interval."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599): ``Σ n_b / n · |accuracy_b −
    confidence_b|`` over the bins b that hold answers, of :data:`BINS` bins of equal width."""

    n: int
    ece: float
    confidence: float
    bins: tuple[Bin, ...]

    @classmethod
    def of(cls, told: Sequence[tuple[Sequence[float], bool]]) -> Calibration:
        """From each question's compared NLLs, and whether the option of the least is right."""
        answers = [(confidence(nlls), correct) for nlls, correct in told]
        bins = tuple(filter(None, (_bin(number, answers) for number in range(BINS))))
        error = math.fsum(each.n * abs(each.accuracy - each.confidence) for each in bins) / len(answers)
        return cls(len(answers), error, math.fsum(sure for sure, _ in answers) / len(answers), bins)


def confidence(nlls: Sequence[float]) -> float:
    """How sure a model is of the option that it prefers: the greatest of ``softmax(−nlls)``."""
    least = min(nlls)
    return 1 / math.fsum(math.exp(least - nll) for nll in nlls)


def _bin(number: int, answers: Sequence[tuple[float, bool]]) -> Bin | None:
    held = [(sure, correct) for sure, correct in answers if min(math.ceil(sure * BINS), BINS) - 1 == number]
    if not held:
        return None
    right, n = sum(correct for _, correct in held), len(held)
    sure = math.fsum(sure for sure, _ in held) / n
    return Bin(number / BINS, (number + 1) / BINS, n, sure, right / n, wilson_interval(right, n))
