"""Before a comparison: equal budgets, what is missing, what it costs."""

from __future__ import annotations

import pytest

from jmlr_cli.comparison.budget import Budget, budget_of, unequal, updates_in
from jmlr_cli.comparison.checks import check_before_training
from jmlr_cli.comparison.contenders import Contender, Member, contender, untrained_contender
from jmlr_cli.comparison.plan import plan_comparison, question_count
from jmlr_cli.comparison.warnings import warnings_about
from jmlr_cli.contracts.values import Option, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.recipe.load import load_recipe
from jmlr_cli.training.plan import shape_of


@pytest.fixture(autouse=True)
def empty_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(tmp_path))


def of(name: str, *overrides: str, seed: int | None = 0) -> Contender:
    return Contender(f"{name} {' '.join(overrides)}".strip(), name, (Member(load_recipe(name, overrides), seed),))


@pytest.mark.parametrize("family", [("closed13b", "rag13b", "joint13b"), ("demo-closed", "demo-rag", "demo")])
def test_the_paper_s_three_systems_have_one_budget(family):
    assert unequal([of(name) for name in family]) is None
    (budget,) = {budget_of(of(name).members[0]) for name in family}
    assert budget.updates > 0
    assert warnings_about([of(name, seed=None) for name in family]) == []


def test_another_number_of_updates_or_of_questions_in_one_is_named():
    systems = [of("tiny"), of("tiny", "training.max_steps=7"), of("tiny", "training.accumulate=3")]
    said = unequal(systems)
    assert said is not None
    assert "tiny 4 updates of 2 questions" in said
    assert "7 updates of 2" in said
    assert "4 updates of 6" in said
    assert said in warnings_about(systems)[0]


def test_a_model_that_learns_nothing_is_a_baseline_and_not_a_rival():
    frozen = of("tiny", "generator.train=false", "training.max_steps=9")
    assert budget_of(frozen.members[0]).updates == 0
    assert unequal([of("tiny"), frozen, untrained_contender("tiny", [])]) is None


def test_other_training_questions_are_told():
    said = warnings_about([of("tiny", "data.train=medqa"), of("tiny", "data.train=medmcqa", "data.limit=500")])
    assert "medqa; " in said[0]
    assert "medmcqa (the first 500)" in said[0]


@pytest.mark.parametrize(("steps", "updates"), [(0, 0), (2, 2), (3, 3), (5, 3), (6, 3), (7, 4), (10, 6)])
def test_in_turns_the_language_model_takes_the_first(steps, updates):
    recipe = load_recipe("tiny", ["training.alternate=3"])
    assert updates_in(recipe, steps) == updates
    assert sum(step // 3 % 2 == 0 for step in range(steps)) == updates


def test_a_budget_that_hangs_on_data_that_is_not_here_is_unknown():
    budget = budget_of(of("small").members[0])
    assert budget == Budget(None, 4)
    assert "unknown" in str(budget)


def test_a_recipe_has_a_member_for_each_seed_and_a_frozen_one_has_none_to_train():
    found = contender("tiny", [0, 1, 2], [])
    assert found.seeds == [0, 1, 2]
    assert {member.state for member in found.members} == {"missing"}
    frozen = contender("tiny", [0, 1, 2], ["generator.train=false", "retriever.train=false"])
    assert [member.state for member in frozen.members] == ["untrained"]
    with pytest.raises(InputError, match="no run and no recipe 'joint13'"):
        contender("joint13", [], [])


def test_questions_that_cannot_be_scored_are_refused_before_training():
    unanswered = QuestionSet("set", (Question("q", "What?", (Option("A", "This"), Option("B", "That"))),))
    with pytest.raises(InputError, match="have no right answer"):
        check_before_training([contender("tiny", [0], [])], unanswered, generate=True, any_budget=False)


def test_a_plan_counts_what_is_missing_in_the_units_of_train():
    assert question_count("medqa", "test", None) == 1273
    assert question_count("medqa", "test", 200) == 200
    jobs = plan_comparison([contender("joint13b", [0, 1], []), untrained_contender("joint13b", [])], 1273)
    assert [(job.seed, job.state, job.steps) for job in jobs] == [
        (0, "missing", 1911),
        (1, "missing", 1911),
        (None, "untrained", 0),
    ]
    assert jobs[0].training_hours > 10
    assert jobs[2].training_hours == 0
    assert 0 < jobs[2].evaluation_hours < jobs[0].training_hours


def test_a_model_whose_config_names_its_sizes_otherwise_is_of_unknown_cost(tmp_path):
    """GPT-2's: n_layer, n_embd."""
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 2, "vocab_size": 100}')
    assert shape_of(str(tmp_path)) is None
    assert budget_of(contender("small", [0], [f"generator.model={tmp_path}", "training.max_steps=3"]).members[0]).updates == 3
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(InputError, match="does not describe a model"):
        shape_of(str(tmp_path))
