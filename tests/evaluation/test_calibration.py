"""Confidence beside accuracy."""

from __future__ import annotations

import math

import pytest

from jmlr_cli.evaluation.calibration import Calibration, confidence
from jmlr_cli.evaluation.reliability import draw_reliability


def nlls(sure: float, options: int = 2) -> list[float]:
    """Numbers of options of which the second has this probability, and the others share the rest."""
    rest = -math.log((1 - sure) / (options - 1))
    return [rest, -math.log(sure), *[rest] * (options - 2)]


def test_confidence_is_the_softmax_of_the_best_option():
    assert confidence(nlls(0.7)) == pytest.approx(0.7)
    assert confidence(nlls(0.4, options=4)) == pytest.approx(0.4)
    assert confidence([3.0] * 4) == 0.25
    assert confidence([-1e6, 1e6]) == 1  # nothing overflows


def test_ece_weighs_each_bin_s_gap_by_its_answers():
    told = [(nlls(0.95), True)] * 3 + [(nlls(0.95), False)] + [(nlls(0.62), True), (nlls(0.68), False)]
    found = Calibration.of(told)
    # bin (0.9, 1]: 4 answers, 0.75 right; bin (0.6, 0.7]: 2 answers, 0.5 right at 0.65
    assert found.ece == pytest.approx(4 / 6 * abs(0.75 - 0.95) + 2 / 6 * abs(0.5 - 0.65))
    assert [(each.low, each.high, each.n, each.accuracy) for each in found.bins] == [(0.6, 0.7, 2, 0.5), (0.9, 1.0, 4, 0.75)]
    assert found.confidence == pytest.approx((4 * 0.95 + 0.62 + 0.68) / 6)
    assert found.bins[1].ci95[0] < 0.75 < found.bins[1].ci95[1]


def test_a_calibrated_model_has_no_error_and_an_overconfident_one_has_its_excess():
    assert Calibration.of([(nlls(0.75), True)] * 3 + [(nlls(0.75), False)]).ece == pytest.approx(0)
    assert Calibration.of([(nlls(0.99), False)]).ece == pytest.approx(0.99)


def test_a_bin_holds_its_upper_end():
    assert [each.high for each in Calibration.of([([1.0, 1.0], True), ([0.0, 800.0], True)]).bins] == [0.5, 1.0]


def test_the_picture_is_there_and_goes_with_the_calibration(tmp_path):
    path = tmp_path / "reliability.png"
    draw_reliability(Calibration.of([(nlls(0.75), True), (nlls(0.55), False)]), "medqa, closed, x", path)
    assert path.read_bytes().startswith(b"\x89PNG")
    draw_reliability(None, "medqa, closed, x", path)
    assert not path.exists()
