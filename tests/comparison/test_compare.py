"""Evaluations side by side: pairs, sides, seeds, corrections, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from jmlr_cli.comparison.compare import Answered, Evaluated, compared
from jmlr_cli.comparison.contenders import Contender, Member
from jmlr_cli.comparison.measures import measures_named
from jmlr_cli.comparison.record import comparison_json
from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.evaluation.retrieval import GOLD_MEASURES, gold_measures
from jmlr_cli.evaluation.significance import mcnemar
from jmlr_cli.recipe.load import load_recipe

RIGHT, WRONG = "1", "0"


def system(name: str, *runs: str, nlls: Sequence[float] | None = None, ranks: Sequence[int] | None = None) -> Answered:
    """A system whose runs have answered right (1) or wrong (0)."""
    members = tuple(Member(load_recipe("tiny", [f"training.seed={seed}"])) for seed in range(len(runs)))
    evaluations = []
    for number, run in enumerate(runs):
        results = tuple(
            QuestionResult(
                f"q{place}",
                correct=answer == RIGHT,
                answer_nll=nlls[place] if nlls else None,
                gold_rank=ranks[place] if ranks else None,
            )
            for place, answer in enumerate(run)
        )
        evaluations.append(Evaluated(f"set-rag-{name}-{number}", results))
    return Answered(Contender(name, "tiny", members), tuple(evaluations))


def test_a_pair_counts_who_is_right_and_names_the_questions_that_changed():
    found = compared([system("old", "1100110000"), system("new", "1111001000")])
    (pair,) = found.pairs
    assert (pair.a, pair.b, pair.measure) == ("new", "old", "accuracy")
    sides = pair.found.sides
    assert (sides.both, sides.only_a, sides.only_b, sides.neither) == (2, 3, 2, 3)
    assert sides.changed == ("q2", "q3", "q6", "q4", "q5")
    assert pair.found.difference == pytest.approx(0.1)
    assert pair.found.p == mcnemar(3, 2)
    assert pair.found.odds_ratio == 1.5
    assert pair.found.ci95[0] < 0.1 < pair.found.ci95[1]


def test_every_system_meets_every_one_before_it_and_holm_counts_every_test():
    nlls = [float(n) for n in range(40)]
    systems = [
        system("closed", "10" * 20, nlls=[nll + 0.5 for nll in nlls]),
        system("rag", "1110" * 10, nlls=nlls),
        system("joint", "1" * 40, nlls=[nll - 0.1 for nll in nlls]),
    ]
    found = compared(systems)
    named = [(pair.a, pair.b, pair.measure) for pair in found.pairs]
    assert named[:3] == [("rag", "closed", "accuracy"), ("joint", "closed", "accuracy"), ("joint", "rag", "accuracy")]
    assert [measure for *_, measure in named[3:]] == ["answer_nll"] * 3
    smallest = min(found.pairs, key=lambda pair: pair.found.p)
    assert smallest.p_holm == pytest.approx(6 * smallest.found.p)
    assert all(pair.p_holm >= pair.found.p for pair in found.pairs)


def test_lower_answer_nll_is_a_negative_difference_with_a_permutation_p():
    better = system("b", "11111111", nlls=[0.5, 1.2, 0.9, 1.0, 1.1, 0.7, 0.8, 1.3])
    worse = system("a", "11111111", nlls=[1.5, 2.4, 1.8, 2.1, 2.2, 1.6, 1.9, 2.2])
    (pair,) = compared([worse, better], measures_named(["answer_nll"])).pairs
    assert pair.found.difference == pytest.approx(-1.025)
    assert pair.found.p == 2 / 2**8  # all eight differences have one sign
    assert pair.found.effect < -3
    assert pair.found.sides is None


def test_several_seeds_give_a_mean_each_run_s_own_and_an_interval_over_both():
    one = system("one", "1100110010", "1100010010", "1110110011")
    other = system("other", "1000100000", "1000000000", "0000110010")
    found = compared([one, other])
    figure = found.figures[0]["accuracy"]
    assert figure.by_run == pytest.approx([0.5, 0.4, 0.7])
    assert figure.value == pytest.approx(16 / 30)
    (pair,) = found.pairs
    assert pair.found.difference == pytest.approx(6 / 30 - 16 / 30)
    assert pair.found.test == pair.found.interval == figure.interval == "t over seeds and questions"
    # q1 is right in all three runs of one and in none of the other: by the majority it changed sides
    assert "q1" in pair.found.sides.changed


def test_a_question_of_an_even_split_counts_as_not_right():
    (pair,) = compared([system("split", "11", "01"), system("right", "11", "11")]).pairs
    assert pair.found.sides.changed == ("q0",)


def test_retrieval_is_compared_between_those_that_retrieve():
    closed = system("closed", "1010")
    rag, joint = system("rag", "1010", ranks=[1, 0, 7, 3]), system("joint", "1110", ranks=[1, 2, 4, 0])
    found = compared([closed, rag, joint], measures_named(["R@5", "RR"]))
    assert [(pair.a, pair.b, pair.measure) for pair in found.pairs] == [("joint", "rag", "R@5"), ("joint", "rag", "RR")]
    assert found.figures[0] == {}
    assert found.figures[1]["R@5"].value == 0.5
    assert found.figures[2]["RR"].value == pytest.approx((1 + 1 / 2 + 1 / 4) / 4)


def test_what_a_comparison_says_of_retrieval_is_what_an_evaluation_says():
    ranks = [1, 0, 7, 3, 10, 11, 20]
    rag, joint = (system(name, "1010101", ranks=ranks) for name in ("rag", "joint"))
    figures = compared([rag, joint], measures_named(GOLD_MEASURES)).figures[0]
    evaluated = gold_measures(ranks)
    assert evaluated.pop("n") == len(ranks)
    assert {name: figure.value for name, figure in figures.items()} == pytest.approx(evaluated)


def test_questions_without_the_figure_are_left_out_of_that_pair_alone():
    some = system("some", "1111", nlls=[1.0, None, 2.0, 1.5])  # type: ignore[list-item]
    every = system("every", "1111", nlls=[1.1, 1.0, 2.1, 1.0])
    pairs = {pair.measure: pair.found.n for pair in compared([some, every]).pairs}
    assert pairs == {"accuracy": 4, "answer_nll": 3}


def test_other_questions_are_not_compared():
    with pytest.raises(InputError, match="not of the same questions"):
        compared([system("a", "1010"), system("b", "10101")])


def test_a_measure_that_nobody_has_and_one_that_there_is_not_are_refused():
    with pytest.raises(InputError, match="R@5"):
        compared([system("a", "1010"), system("b", "1000")], measures_named(["R@5"]))
    with pytest.raises(UsageError, match="bleu"):
        measures_named(["bleu"])


def test_the_json_has_the_documented_keys_and_one_name_for_one_comparison():
    systems = [system("old", "1100110000"), system("new", "1111001000")]
    record = comparison_json(compared(systems), "my set", ["Something."])
    assert record["schema"] == "jmlr.compare/1"
    assert record["comparison"].startswith("my-set-")
    assert record["comparison"] == comparison_json(compared(systems), "my set", [])["comparison"]
    assert record["comparison"] != comparison_json(compared(systems[::-1]), "my set", [])["comparison"]
    (pair,) = record["pairs"]
    given = {
        "a",
        "b",
        "n",
        "both",
        "only_a",
        "only_b",
        "neither",
        "difference",
        "ci95",
        "p",
        "p_holm",
        "effect",
        "changed",
        "metric",
    }
    assert given <= set(pair)
    assert {"name", "mode", "recipe", "runs", "seeds", "accuracy", "ci95"} <= set(record["systems"][0])
    assert record["systems"][1]["metrics"]["accuracy"]["by_run"] == (0.5,)


def test_a_perfect_mean_over_seeds_has_an_interval_within_its_bounds():
    figure = compared([system("a", "1111", "1110"), system("b", "0000", "0001")]).figures[0]["accuracy"]
    assert np.all((np.array(figure.ci95) >= 0) & (np.array(figure.ci95) <= 1))


def test_seeds_and_questions_that_never_vary_prove_no_more_than_one_run():
    one, several = (compared([system("b", *["00000"] * runs), system("a", *["11111"] * runs)]) for runs in (1, 3))
    for found in (one, several):
        (pair,) = found.pairs
        assert pair.found.p == mcnemar(5, 0)
        assert pair.found.ci95 == pytest.approx((0.131, 1), abs=1e-3)
        assert found.figures[1]["accuracy"].ci95 == pytest.approx((0.566, 1), abs=1e-3)
    (same,) = compared([system("b", "1010"), system("a", "1010")]).pairs
    assert same.found.ci95[0] == -same.found.ci95[1] < -0.4
