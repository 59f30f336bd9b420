"""The tests of significance give what the literature prints, and err as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jmlr_cli.evaluation.metrics import bootstrap_interval
from jmlr_cli.evaluation.significance import cohen_h, holm, mcnemar, odds_ratio, permutation_p, standardised_difference

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Cross-fertilised less self-fertilised maize, in eighths of an inch: Fisher 1935, The Design of Experiments, chapter III."""


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (1, 7, 0.0703),  # airway responsiveness before and after transplantation: Fagerland et al. 2013
        (6, 16, 0.0525),  # complete response before and after consolidation: the same
        (0, 5, 2 / 2**5),
        (3, 3, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_gives_the_published_exact_p(only_a, only_b, p):
    assert mcnemar(only_a, only_b) == pytest.approx(p, abs=5e-5)
    assert mcnemar(only_b, only_a) == mcnemar(only_a, only_b)


def test_the_permutation_test_counts_fisher_s_arrangements():
    # Fisher counts 863 of 32,768 arrangements at least as extreme on either side
    assert permutation_p(DARWIN, [0.0] * 15, resamples=2**15) == pytest.approx(1726 / 32768, abs=1e-9)


def test_a_sampled_permutation_test_comes_near_the_exact_one_and_its_seed_fixes_it():
    sampled = permutation_p(DARWIN, [0.0] * 15, seed=3)
    assert sampled == pytest.approx(1726 / 32768, abs=0.006)
    assert permutation_p(DARWIN, [0.0] * 15, seed=3) == sampled
    assert permutation_p(np.arange(40.0) + 1, np.zeros(40)) > 0


def test_equal_values_differ_in_nothing():
    assert permutation_p([0.2, 0.4, 0.1], [0.2, 0.4, 0.1]) == 1
    assert standardised_difference([0.5, 0.5, 0.5]) is None
    assert standardised_difference([1.5 - 1.2, 3.3 - 3.0, 0.8 - 0.5]) is None  # they differ by rounding alone
    assert standardised_difference([0.5]) is None
    assert bootstrap_interval([0.0, 0.0]) == (0, 0)


def test_holm_gives_the_published_adjusted_values():
    # the worked example of the encyclopaedias: 0.01, 0.04, 0.03, 0.005; at 0.05 the first and the last are rejected
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_effect_sizes_are_those_of_the_textbooks():
    assert cohen_h(0.5, 0.4) == pytest.approx(1.571 - 1.369, abs=1e-3)  # Cohen 1988, table 6.2.2
    assert cohen_h(1, 0) == pytest.approx(math.pi)
    assert cohen_h(0.3, 0.7) == -cohen_h(0.7, 0.3)
    # Fisher's t of 2.148 on Darwin's 15 pairs is d_z times the root of 15
    assert standardised_difference(DARWIN) == pytest.approx(2.148 / math.sqrt(15), abs=1e-3)
    assert odds_ratio(12, 4) == 3
    assert odds_ratio(12, 0) is None


def test_equally_good_systems_are_called_different_one_time_in_twenty_at_most():
    rng, trials = np.random.default_rng(0), 2000
    sides = [(rng.binomial(40, 0.5)) for _ in range(trials)]
    exact = sum(mcnemar(side, 40 - side) < 0.05 for side in sides) / trials
    assert 0.02 < exact <= 0.05  # an exact test of a discrete number falls short of its level


def test_the_permutation_test_and_the_bootstrap_err_near_five_per_cent():
    rng, trials = np.random.default_rng(1), 300
    wrong, outside = 0, 0
    for _ in range(trials):
        hard = rng.gamma(2, 1, 100)
        a, b = hard + rng.normal(0, 0.5, 100), hard + rng.normal(0, 0.5, 100)
        low, high = bootstrap_interval(a - b, resamples=500)
        wrong += permutation_p(a, b, resamples=399) <= 0.05
        outside += not low <= 0 <= high
    assert wrong / trials == pytest.approx(0.05, abs=0.025)
    assert outside / trials == pytest.approx(0.05, abs=0.03)
