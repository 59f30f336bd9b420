"""Whether the retriever ranks passages as they help the language model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Hit, Passage, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.agreement import concordance
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import Settings
from jmlr_plugins.generators.causal_lm import CausalLMGenerator

TEXTS = [
    "Colchicine treats an acute attack of gout.",
    "Permethrin cream is put on the skin.",
    "Oxygen.",
    "A blood film confirms.",
]
QUESTION = Question("q", "What treats an attack of gout?", answer="Colchicine treats it.", document="d0")


def hits(*scores: float) -> list[Hit]:
    return [Hit(n + 1, score, Passage(f"p{n}", f"d{n}", "", TEXTS[n], 0)) for n, score in enumerate(scores)]


@pytest.fixture
def llama(decoder) -> CausalLMGenerator:
    return CausalLMGenerator(GeneratorConfig(plugin="causal-lm", model=str(decoder), dtype="float32"))


def measured(llama, found: list[Hit], depth: int = 3, question: Question = QUESTION):
    settings = Settings(k=1, generate=False, rank_agreement=depth)
    return evaluate_questions(
        QuestionSet("set", (question,)), llama, mode="rag", settings=settings, retrieve=lambda questions: [found]
    )


def test_concordance_counts_pairs_and_ties_by_half():
    assert concordance([3, 2, 1], [0.1, 0.2, 0.3]) == 1
    assert concordance([3, 2, 1], [0.3, 0.2, 0.1]) == 0
    assert concordance([3, 2, 1], [0.1, 0.3, 0.2]) == pytest.approx(2 / 3)
    assert concordance([2, 2], [0.1, 0.2]) == 0.5
    assert concordance([1 + 1e-12, 1], [0.1, 0.2]) == 1  # no rounding makes a tie


def test_each_passage_stands_alone_in_the_prompt(llama):
    evaluation = measured(llama, hits(9, 8, 7, 6))
    [result] = evaluation.results
    prompts = [llama.render(QUESTION, [hit.passage], QUESTION.answer) for hit in hits(9, 8, 7)]
    nlls = [score.nll_mean for score in llama.answer_scores(prompts)]
    assert result.pool == ("p0", "p1", "p2")
    assert result.pool_scores == (9, 8, 7)
    assert result.pool_nlls == pytest.approx(nlls, rel=1e-5)
    assert result.rank_agreement == concordance([9, 8, 7], nlls)
    told = evaluation.as_json()["rank_agreement"]
    assert (told["depth"], told["n"], told["value"]) == (3, 1, result.rank_agreement)
    assert told["ci95"][0] <= told["value"] <= told["ci95"][1]


def test_the_order_turned_round_agrees_in_the_other_pairs(llama):
    [there], [back] = measured(llama, hits(9, 8, 7)).results, measured(llama, hits(7, 8, 9)).results
    assert there.rank_agreement + back.rank_agreement == pytest.approx(1)


def test_what_was_listed_without_being_found_has_no_place_in_the_order(llama):
    [result] = measured(llama, hits(9, 8, float("-inf"))).results
    assert result.pool == ("p0", "p1")
    [alone] = measured(llama, hits(9, float("-inf"))).results
    assert (alone.rank_agreement, alone.pool) == (None, ())


def test_measuring_deeper_does_not_change_the_other_figures(llama):
    far = [Hit(n + 1, -float(n), Passage(f"x{n}", "other", "", TEXTS[2], n)) for n in range(24)]
    far[22] = replace(far[22], passage=Passage("gold", "d0", "", TEXTS[0], 0))
    [result] = measured(llama, far, depth=24).results
    assert (len(result.pool), result.gold_rank) == (24, 0)


def test_it_needs_a_retriever_s_order_and_likelihoods(llama):
    with pytest.raises(InputError, match="rank agreement compares"):
        evaluate_questions(QuestionSet("set", (QUESTION,)), llama, settings=Settings(rank_agreement=3))


def test_the_passages_to_rank_may_come_from_elsewhere(llama):
    settings = Settings(k=1, generate=False, rank_agreement=2, rank_agreement_index="other")
    elsewhere = hits(5, 4, 3)[1:]
    [result] = evaluate_questions(
        QuestionSet("set", (QUESTION,)), llama, mode="rag", settings=settings,
        retrieve=lambda questions: [hits(9, 8)], rank=lambda questions: [elsewhere],
    ).results  # fmt: skip
    assert (result.pool, result.pool_scores) == (("p1", "p2"), (4, 3))
    assert result.passages == ("p0",)


def test_an_index_for_a_measure_that_is_not_taken_is_refused(llama):
    with pytest.raises(InputError, match="a measure that is not taken"):
        evaluate_questions(
            QuestionSet("set", (QUESTION,)), llama, mode="rag", settings=Settings(rank_agreement_index="other"),
            retrieve=lambda questions: [hits(9, 8)],
        )  # fmt: skip
