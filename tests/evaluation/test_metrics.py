"""Measures against values worked by hand or published."""

from __future__ import annotations

import math

import pytest

from jmlr_cli.evaluation.metrics import bootstrap_interval, exact_match, token_f1, wilson_interval
from jmlr_cli.evaluation.ranking import ndcg_at, recall_at, reciprocal_rank


def test_wilsons_interval_is_the_published_one():
    # Newcombe 1998, table I, method 3: 81 of 263 gives 0.2553 to 0.3662, 15 of 148 gives 0.0624 to 0.1605
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_wilsons_interval_stays_within_0_and_1():
    # with nothing right the upper end is z²/(n + z²): 3.8415 / 23.8415
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.16113), abs=1e-5)
    assert wilson_interval(1, 1) == pytest.approx((0.20655, 1.0), abs=1e-5)
    assert wilson_interval(0, 0) == (0.0, 1.0)


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


JUDGED = {"a": 2, "b": 1, "c": 0, "d": 1, "e": -1}


def test_ndcg_has_linear_gain():
    ranked = ["c", "a", "x", "b"]
    # DCG@3 = 2/log2(3); ideal = 2/log2(2) + 1/log2(3) + 1/log2(4)
    ideal = 2 + 1 / math.log2(3) + 0.5
    assert ndcg_at(ranked, JUDGED, 3) == pytest.approx(2 / math.log2(3) / ideal)
    assert ndcg_at(ranked, JUDGED, 10) == pytest.approx((2 / math.log2(3) + 1 / math.log2(5)) / ideal)
    assert ndcg_at(["a", "b", "d"], JUDGED, 10) == 1
    assert ndcg_at(["e"], JUDGED, 10) == 0


def test_recall_and_reciprocal_rank_count_grades_above_0():
    ranked = ["c", "e", "a", "b"]
    assert recall_at(ranked, JUDGED, 3) == pytest.approx(1 / 3)
    assert recall_at(ranked, JUDGED, 4) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranked, JUDGED) == pytest.approx(1 / 3)
    assert reciprocal_rank(["c", "e"], JUDGED) == 0
