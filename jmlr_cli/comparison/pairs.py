"""Two systems on the same questions: how far they differ, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jmlr_cli.comparison.measures import Measure
from jmlr_cli.evaluation.metrics import Interval, bootstrap_interval, constant_difference_interval
from jmlr_cli.evaluation.seeds import difference_over_seeds
from jmlr_cli.evaluation.significance import cohen_h, mcnemar, odds_ratio, permutation_p, standardised_difference

MCNEMAR, PERMUTATION, BOOTSTRAP, SEEDS = "McNemar exact", "paired permutation", "paired bootstrap", "t over seeds and questions"
SCORE = "Tango's score"


@dataclass(frozen=True, slots=True)
class Sides:
    """A binary measure's questions by who has them right: ``both``, one alone, ``neither``. A system of several runs has a
    question right when more than half of them have. ``changed`` are the ids of those that one alone has right, a's first."""

    both: int
    only_a: int
    only_b: int
    neither: int
    changed: tuple[str, ...]

    @classmethod
    def of(cls, a: np.ndarray, b: np.ndarray, ids: Sequence[str]) -> Sides:
        """The sides of two tables of 1 and 0, (R_a, n) and (R_b, n)."""
        right_a, right_b = a.mean(axis=0) > 0.5, b.mean(axis=0) > 0.5
        only_a, only_b = right_a & ~right_b, right_b & ~right_a
        changed = [ids[place] for place in (*np.flatnonzero(only_a), *np.flatnonzero(only_b))]
        both, neither = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
        return cls(both, int(only_a.sum()), int(only_b.sum()), neither, tuple(changed))


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of a less that of b, over ``n`` questions for which every run of both has the measure.

    ``test`` says what ``p`` comes from and ``interval`` what ``ci95`` does; ``effect`` is Cohen's h for a binary
    measure and else the paired standardised difference, None where all differences are equal.
    """

    n: int
    difference: float
    ci95: Interval
    interval: str
    p: float
    test: str
    effect: float | None
    effect_name: str
    sides: Sides | None = None

    @property
    def odds_ratio(self) -> float | None:
        """How many questions a alone has right for each that b alone has."""
        return odds_ratio(self.sides.only_a, self.sides.only_b) if self.sides else None


def differ(measure: Measure, a: np.ndarray, b: np.ndarray, ids: Sequence[str]) -> Difference | None:
    """How two tables of a measure, (R_a, n) and (R_b, n), differ; None when fewer than two questions have it in both.

    One run each is compared by McNemar's test (binary) or by permutation, with the paired bootstrap's interval. Several runs
    of either are compared over seeds and questions (:mod:`jmlr_cli.evaluation.seeds`). Where all questions differ by the same
    in a binary measure, it is McNemar's test, on what most runs have, and Tango's score interval.
    """
    known = ~(np.isnan(a).any(axis=0) | np.isnan(b).any(axis=0))
    if known.sum() < 2:
        return None
    a, b, ids = a[:, known], b[:, known], [id for id, here in zip(ids, known, strict=True) if here]
    sides = Sides.of(a, b, ids) if measure.binary else None
    difference, (low, high), interval, p, test = _compared(a, b, sides)
    ci95 = max(-measure.most, low), min(measure.most, high)
    return Difference(len(ids), difference, ci95, interval, p, test, *_effect(measure, a, b), sides)


def _compared(a: np.ndarray, b: np.ndarray, sides: Sides | None) -> tuple[float, Interval, str, float, str]:
    differences = a.mean(axis=0) - b.mean(axis=0)
    first = float(differences[0])
    if sides and first.is_integer() and (differences == first).all():  # neither seeds nor questions vary: nothing to estimate by
        interval = constant_difference_interval(int(first), differences.size)
        return first, interval, SCORE, mcnemar(sides.only_a, sides.only_b), MCNEMAR
    if max(len(a), len(b)) > 1:
        found = difference_over_seeds(a, b)
        return found.value, found.ci95, SEEDS, found.p, SEEDS
    p = mcnemar(sides.only_a, sides.only_b) if sides else permutation_p(a[0], b[0])
    return float(differences.mean()), bootstrap_interval(differences), BOOTSTRAP, p, MCNEMAR if sides else PERMUTATION


def _effect(measure: Measure, a: np.ndarray, b: np.ndarray) -> tuple[float | None, str]:
    if measure.binary:
        return cohen_h(float(a.mean()), float(b.mean())), "Cohen's h"
    return standardised_difference(a.mean(axis=0) - b.mean(axis=0)), "d_z"
