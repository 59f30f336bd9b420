"""Whether two systems differ on the questions that both answered: tests, corrections, effect sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest, permutation_test

RESAMPLES = 9_999
"""Random sign flips of a permutation test. Where there are fewer flips than that, all of them are counted."""

BATCH = 500
"""Flips held in memory at a time."""


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p of McNemar's exact test (McNemar 1947; its binomial form in Fagerland, Lydersen & Laake 2013).

    Of the questions that one system alone has right, each falls to either with probability ½ when the two are equally good:
    ``p = min(1, 2 P(X <= min(only_a, only_b)))``, X binomial. Without such a question it is 1.
    """
    changed = only_a + only_b
    return float(binomtest(only_a, changed).pvalue) if changed else 1.0


def permutation_p(a: Sequence[float], b: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> float:
    """Two-sided p of the paired permutation test of a mean difference (Fisher 1935): how often it is as large when each
    question's two values are swapped at random. Exact where there are at most ``resamples`` swaps, else by as many
    random ones, which the seed fixes, and never 0 (Phipson & Smyth 2010)."""
    samples = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    found = permutation_test(
        samples, _mean_difference, permutation_type="samples", vectorized=True, n_resamples=resamples, batch=BATCH, rng=seed
    )
    return float(found.pvalue)


def _mean_difference(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    return np.mean(a - b, axis=axis)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values (Holm 1979), in the order given: the i-th smallest of m is multiplied by
    ``m - i + 1``, and is no smaller than the one before it. Rejecting those up to 0.05 keeps the probability of any
    false rejection at 5 %, however the tests hang together."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - step) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def cohen_h(share_a: float, share_b: float) -> float:
    """Cohen's h of two proportions: ``2 asin √a − 2 asin √b`` (Cohen 1988, chapter 6); 0.2 is small, 0.5 medium, 0.8 large."""
    return 2 * math.asin(math.sqrt(share_a)) - 2 * math.asin(math.sqrt(share_b))


def odds_ratio(only_a: int, only_b: int) -> float | None:
    """The matched pairs' odds ratio, ``only_a / only_b`` (Agresti 2013, section 11.2); None where b alone has none right."""
    return only_a / only_b if only_b else None


def standardised_difference(differences: Sequence[float]) -> float | None:
    """Cohen's d of paired values, ``mean / standard deviation`` of the differences (d_z in Lakens 2013); None where all
    differences are equal."""
    values = np.asarray(differences, dtype=np.float64)
    deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
    equal = deviation <= 1e-9 * np.abs(values).max(initial=0)  # but for rounding
    return None if equal else float(values.mean()) / deviation
