"""Measures against values worked by hand or published."""

from __future__ import annotations

import math

import pytest

from jmlr_cli.evaluation.metrics import (
    bootstrap_interval,
    constant_difference_interval,
    exact_match,
    macro_interval,
    rouge_l,
    rouge_precision,
    token_f1,
    wilson_interval,
)  # fmt: skip


def test_wilsons_interval_is_the_published_one():
    # Newcombe 1998, table I, method 3: 81 of 263 gives 0.2553 to 0.3662, 15 of 148 gives 0.0624 to 0.1605
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_wilsons_interval_stays_within_0_and_1():
    # with nothing right the upper end is z²/(n + z²): 3.8415 / 23.8415
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.16113), abs=1e-5)
    assert wilson_interval(1, 1) == pytest.approx((0.20655, 1.0), abs=1e-5)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def tango_score(d: float, b: int, c: int, n: int) -> float:
    """The score of a difference ``d`` of paired proportions, b and c of n questions right on one side alone (Tango 1998, with the
    restricted estimate of Agresti 2013, section 11.1)."""
    first, last = -b - c + (2 * n - b + c) * d, -c * d * (1 - d)
    q = (math.sqrt(first**2 - 8 * n * last) - first) / (4 * n)
    return (b - c - n * d) / math.sqrt(n * (2 * q + d * (1 - d)))


@pytest.mark.parametrize(("difference", "b", "c"), [(0, 0, 0), (1, 30, 0), (-1, 0, 30)])
def test_a_constant_difference_has_tangos_interval(difference, b, c):
    low, high = constant_difference_interval(difference, 30)
    inner = [end for end in (low, high) if abs(end) < 1]
    assert len(inner) == (2 if difference == 0 else 1)
    for end in inner:
        assert tango_score(end, b, c, 30) == pytest.approx(-math.copysign(1.959964, end - difference), abs=1e-5)


def test_the_bootstrap_interval_is_that_of_the_mean_and_repeats():
    values = [float(n % 2) for n in range(400)]
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    assert low == pytest.approx(0.5 - 1.96 * 0.5 / 20, abs=0.01)
    assert high == pytest.approx(0.5 + 1.96 * 0.5 / 20, abs=0.01)
    assert bootstrap_interval([2.5]) == (2.5, 2.5)


@pytest.mark.parametrize(
    ("given", "answer", "match", "f1"),
    [
        ("The Aspirin!", "aspirin", 1, 1),
        ("a low dose of aspirin", "low-dose aspirin", 0, 2 * 1 / (4 + 2)),  # shared: aspirin; "lowdose" is one token
        ("pain pain", "pain", 0, 2 * 1 / (2 + 1)),  # a repeated token counts once
        ("heparin", "aspirin", 0, 0),
        ("the", "", 1, 1),
        ("", "aspirin", 0, 0),
    ],
)
def test_exact_match_and_f1_are_squads(given, answer, match, f1):
    assert exact_match(given, answer) == match
    assert token_f1(given, answer) == pytest.approx(f1)


def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence():
    # common: "aspirin thins blood", 3 of 5 words given and of 4 right ones: F = 2 · 3 / (5 + 4)
    assert rouge_l("Aspirin never thins warm blood", "aspirin thins the blood") == pytest.approx(2 * 3 / 9)
    assert rouge_l("blood thins", "thins blood") == pytest.approx(0.5)  # the order counts
    assert rouge_l("treated patients", "treats a patient") == pytest.approx(2 * 2 / 5)  # stems are compared
    assert rouge_l("", "aspirin") == 0


def test_rouge_l_s_precision_is_the_share_of_the_sentence():
    assert rouge_precision("aspirin thins blood", "Low doses of aspirin do not thin the blood of all.") == pytest.approx(1)
    assert rouge_precision("aspirin thins paint", "Aspirin thins blood.") == pytest.approx(2 / 3)


def test_the_macro_interval_resamples_each_group_by_itself():
    assert macro_interval([[1.0] * 5, [0.0] * 500]) == (0.5, 0.5)  # a pooled resampling would hold ever other shares
    low, high = macro_interval([[0.0, 1.0] * 200, [0.0, 1.0] * 50])
    half = 1.96 * (0.25 / 400 + 0.25 / 100) ** 0.5 / 2  # the variances of two means, over 2²
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.01)
