"""Intervals over seeds and questions: what they reduce to, and how often they hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from jmlr_cli.evaluation.seeds import difference_over_seeds, mean_over_seeds

TRIALS = 1000


def answered(rng: np.random.Generator, easy: np.ndarray, runs: int, seeds_matter: float) -> np.ndarray:
    """Right and wrong answers (runs, n): questions are ``easy`` to one degree or another, and runs good to one."""
    good = rng.normal(0, seeds_matter, (runs, 1))
    return (easy + good + rng.logistic(0, 1, (runs, easy.size)) > 0).astype(float)


def errors(runs: int, seeds_matter: float) -> dict[str, float]:
    """How often two equally good systems are told apart at 5 %, by the test and by one that takes questions alone into account;
    and how often a system's true accuracy, a half, is outside its interval."""
    rng, found = np.random.default_rng(0), {"test": 0, "questions alone": 0, "interval": 0}
    for _ in range(TRIALS):
        easy = rng.normal(0, 1.5, 200)
        a, b = (answered(rng, easy + rng.normal(0, 0.7, 200), runs, seeds_matter) for _ in range(2))
        found["test"] += difference_over_seeds(a, b).p < 0.05
        found["questions alone"] += stats.ttest_1samp((a - b).mean(axis=0), 0).pvalue < 0.05
        low, high = mean_over_seeds(a).ci95
        found["interval"] += not low <= 0.5 <= high
    return {name: count / TRIALS for name, count in found.items()}


@pytest.mark.parametrize("seeds_matter", [0.05, 0.2, 0.5], ids=["1 point", "3 points", "8 points"])
def test_three_seeds_err_near_five_per_cent_however_much_seeds_matter(seeds_matter):
    found = errors(3, seeds_matter)
    assert 0.01 <= found["test"] <= 0.06
    assert 0.02 <= found["interval"] <= 0.09


def test_to_forget_the_seeds_errs_far_more_often():
    assert errors(3, 0.2)["questions alone"] > 0.12


def test_equal_seeds_leave_the_ordinary_t_interval_over_questions():
    one = np.random.default_rng(0).normal(0.4, 1, 50)
    found = mean_over_seeds(np.stack([one, one, one]))
    expected = stats.t.interval(0.95, 49, one.mean(), stats.sem(one))
    assert found.ci95 == pytest.approx(expected)
    assert found.freedom == pytest.approx(49)


def test_equal_questions_leave_the_ordinary_t_interval_over_seeds():
    means = np.array([0.60, 0.70, 0.68, 0.64])
    found = mean_over_seeds(np.repeat(means[:, None], 30, axis=1))
    assert found.ci95 == pytest.approx(stats.t.interval(0.95, 3, means.mean(), stats.sem(means)))


def test_one_run_each_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.1, 1, (1, 60)), rng.normal(0, 1, (1, 60))
    assert difference_over_seeds(a, b).p == pytest.approx(stats.ttest_rel(a[0], b[0]).pvalue)


def test_more_seeds_of_one_system_than_of_the_other_are_welcome():
    rng = np.random.default_rng(0)
    found = difference_over_seeds(rng.normal(1, 1, (5, 80)), rng.normal(0, 1, (1, 80)))
    assert found.value == pytest.approx(1, abs=0.3)
    assert found.p < 0.001


def test_systems_that_never_differ_are_not_different():
    same = np.ones((2, 10))
    found = difference_over_seeds(same, same)
    assert (found.value, found.p, found.ci95) == (0, 1, (0, 0))
    assert not math.isnan(mean_over_seeds(same).ci95[0])
