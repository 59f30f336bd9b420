"""The small mathematics, against values worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from jmlr_cli.training.scores import draw, min_max, rank_agreement, staleness


def test_scores_are_brought_to_minus_one_and_one():
    scores = torch.tensor([[1.0, 2.0, 5.0], [0.0, -4.0, -2.0]])
    assert torch.allclose(min_max(scores), torch.tensor([[-1.0, -0.5, 1.0], [1.0, -1.0, 0.0]]), atol=1e-5)


def test_equal_scores_do_not_divide_by_zero():
    scores = torch.full((1, 4), 3.0, requires_grad=True)
    prepared = min_max(scores)
    prepared.sum().backward()
    assert torch.isfinite(prepared).all()
    assert torch.isfinite(scores.grad).all()


def test_drawing_is_without_replacement_and_repeats_with_its_seed():
    scores = torch.randn(3, 20)
    first, again = (draw(scores, 10, torch.Generator().manual_seed(7)) for _ in range(2))
    assert first.equal(again)
    assert all(len(set(row.tolist())) == 10 for row in first)
    assert not first.equal(draw(scores, 10, torch.Generator().manual_seed(8)))


def test_drawing_follows_the_softmax():
    scores = torch.tensor([[0.0, math.log(3.0)]])
    generator = torch.Generator().manual_seed(0)
    share = sum(draw(scores, 1, generator).item() for _ in range(2000)) / 2000
    assert share == pytest.approx(0.75, abs=0.04)


def test_rank_agreement_counts_pairs_that_both_order_alike():
    scores = torch.tensor([[3.0, 2.0, 1.0]])
    # the best NLL belongs to passage 0, the worst to passage 1: pairs (0,1) and (0,2) agree, (1,2) does not
    assert rank_agreement(scores, torch.tensor([[0.1, 0.9, 0.5]])).item() == pytest.approx(2 / 3)
    assert rank_agreement(scores, torch.tensor([[0.5, 0.5, 0.5]])).item() == pytest.approx(0.5)


def test_staleness_is_the_share_of_the_stored_best_that_fell_behind():
    # stored best two are 0 and 1; the fresh order has 0 and 3 in front, then 1 and 0
    assert staleness([[3, 0, 1, 2], [1, 0, 2, 3]], 2) == pytest.approx((0.5 + 0.0) / 2)
    assert staleness([[2, 1, 0]], 0) == 1.0  # at least one is compared
    assert staleness([[1, 0], []], 5) == 0.0
