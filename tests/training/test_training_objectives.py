"""The objectives, against values worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from jmlr_plugins.objectives.emdr2 import EMDR2
from jmlr_plugins.objectives.kl import KLDistillation
from jmlr_plugins.objectives.llm_rank import LLMRank
from jmlr_plugins.objectives.rag_sequence import RAGSequence


def bce(logit: float, label: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    return -(label * math.log(p) + (1 - label) * math.log(1 - p))


def test_llm_rank_is_the_mean_cross_entropy_over_pairs():
    scores, nll = torch.tensor([[1.0, -1.0, 0.0]]), torch.tensor([[2.0, 1.0, 1.0]])
    # y_01 = 0 (passage 1 is better), y_02 = 0, y_12 = 1/2 (a tie)
    expected = (bce(2.0, 0) + bce(1.0, 0) + bce(-1.0, 0.5)) / 3
    assert LLMRank()(scores, nll).item() == pytest.approx(expected, abs=1e-6)


def test_llm_rank_normalises_over_the_candidates():
    assert torch.allclose(LLMRank().prepare(torch.tensor([[0.0, 5.0, 10.0]])), torch.tensor([[-1.0, 0.0, 1.0]]), atol=1e-5)
    assert torch.allclose(LLMRank({"scale": 3.0}).prepare(torch.tensor([[0.0, 10.0]])), torch.tensor([[-3.0, 3.0]]), atol=1e-5)


def test_llm_rank_can_weigh_pairs_by_how_far_the_nlls_differ():
    scores, nll = torch.tensor([[0.5, -0.5, 0.0]]), torch.tensor([[1.0, 2.0, 4.0]])
    # gaps 1, 3, 2: weights 1/6, 3/6, 2/6; every label is 1
    expected = (bce(1.0, 1) * 1 + bce(0.5, 1) * 3 + bce(-0.5, 1) * 2) / 6
    assert LLMRank({"pair_weight": "nll-gap"})(scores, nll).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("direction", ["pdist", "replug"])
def test_kl_is_the_divergence_of_the_two_preferences(direction):
    objective = KLDistillation({"retriever_temperature": 2.0, "lm_temperature": 0.5, "direction": direction})
    scores, nll = torch.tensor([[2.0, 0.0]]), torch.tensor([[1.0, 1.5]])
    retriever = [math.e / (math.e + 1), 1 / (math.e + 1)]  # softmax(s / 2)
    model = [math.exp(-2) / (math.exp(-2) + math.exp(-3)), math.exp(-3) / (math.exp(-2) + math.exp(-3))]  # softmax(-l / 0.5)
    here, there = (model, retriever) if direction == "pdist" else (retriever, model)
    expected = sum(p * math.log(p / q) for p, q in zip(here, there, strict=True))
    assert objective(objective.prepare(scores), nll).item() == pytest.approx(expected, abs=1e-6)


def test_emdr2_is_the_negative_log_of_the_marginal_likelihood():
    objective = EMDR2()
    scores, nll = torch.tensor([[0.0, math.log(3.0)]]), torch.tensor([[1.0, 2.0]])
    expected = -math.log(0.25 * math.exp(-1) + 0.75 * math.exp(-2))
    assert objective(objective.prepare(scores), nll).item() == pytest.approx(expected, abs=1e-6)


def test_emdr2_sharpens_the_likelihood_by_its_temperature():
    scores, nll = torch.tensor([[0.0, math.log(3.0)]]), torch.tensor([[1.0, 2.0]])
    expected = -math.log(0.25 * math.exp(-2) + 0.75 * math.exp(-4))
    assert EMDR2({"lm_temperature": 0.5})(scores, nll).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("objective", "moves"), [(EMDR2({"lm_temperature": 0.3}), False), (KLDistillation(), True)])
def test_only_kl_draws_scores_together_where_no_passage_is_better(objective, moves):
    scores, nll = torch.tensor([[1.0, 0.0, 3.0]], requires_grad=True), torch.full((1, 3), 2.5)
    objective(objective.prepare(scores), nll).backward()
    strongest = scores.grad.abs().max().item()
    assert strongest > 0.1 if moves else strongest < 1e-6


def test_rag_sequence_is_the_marginal_likelihood_of_the_whole_answer():
    objective = RAGSequence({"retriever_temperature": 2.0})
    scores, nll = torch.tensor([[0.0, 2 * math.log(3.0)]]), torch.tensor([[4.0, 6.0]], requires_grad=True)
    likelihood = 0.25 * math.exp(-4) + 0.75 * math.exp(-6)
    loss = objective(objective.prepare(scores), nll)
    assert loss.item() == pytest.approx(-math.log(likelihood), abs=1e-5)
    loss.backward()  # each passage's share of the gradient is its posterior
    assert nll.grad[0].tolist() == pytest.approx([0.25 * math.exp(-4) / likelihood, 0.75 * math.exp(-6) / likelihood], abs=1e-5)
    assert objective.answer_reduction == "sum"
