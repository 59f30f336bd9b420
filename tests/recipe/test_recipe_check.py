"""A recipe file's mistakes are told all at once, each with its line."""

from __future__ import annotations

import pytest

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.check import mistakes_in
from jmlr_cli.recipe.load import builtin_names

WRONG = """\
extends: small
# a comment
training:
  lerning_rate: 2e-5
  epochs: many
retriever: {plugin: colbrt}
objective:
  plugin: kl
  options: {lm_temprature: 1}
candidates:
  pool: 5
  sample: 10
"""


def test_every_recipe_that_ships_is_valid():
    assert {name: mistakes_in(name) for name in builtin_names()} == {name: [] for name in builtin_names()}


def test_all_mistakes_are_found_with_their_lines(tmp_path):
    file = tmp_path / "ward.yaml"
    file.write_text(WRONG)
    found = {mistake.key: (mistake.line, mistake.message) for mistake in mistakes_in(str(file))}
    assert found["training.lerning_rate"][0] == 4
    assert "did you mean 'learning_rate'?" in found["training.lerning_rate"][1]
    assert found["training.epochs"][0] == 5
    assert found["retriever.plugin"][0] == 6
    assert "colbert" in found["retriever.plugin"][1]
    assert found["objective.options.lm_temprature"][0] == 9
    assert "is not a key (did you mean 'lm_temperature'?)" in found["objective.options.lm_temprature"][1]
    assert found["candidates"][0] == 10
    assert len(found) == 5


def test_a_number_in_scientific_notation_is_a_number(tmp_path):
    file = tmp_path / "ward.yaml"
    file.write_text("extends: small\ntraining: {learning_rate: 2e-5}\n")
    assert mistakes_in(str(file)) == []


def test_what_is_no_yaml_is_one_error(tmp_path):
    file = tmp_path / "ward.yaml"
    file.write_text("a: [1,\n")
    with pytest.raises(InputError, match="is not YAML"):
        mistakes_in(str(file))


def test_the_commands_copy_and_check(jmlr, tmp_path):
    assert jmlr("recipes", "cp", "joint13b", "mine.yaml").code == 0
    assert "joint13b" in (tmp_path / "mine.yaml").read_text()
    assert jmlr("recipes", "validate", "mine.yaml").code == 0
    again = jmlr("recipes", "cp", "joint13b", "mine.yaml")
    assert again.code == 3
    assert "is there already" in again.err
    (tmp_path / "mine.yaml").write_text(WRONG)
    checked = jmlr("recipes", "validate", "mine.yaml")
    assert checked.code == 3
    assert len(checked.out.splitlines()) == 5
    assert "mine.yaml:4: " in checked.out
    as_json = jmlr("recipes", "validate", "mine.yaml", "--json")
    assert as_json.code == 3
    assert as_json.json["valid"] is False
    assert [mistake["line"] for mistake in as_json.json["mistakes"]] == [4, 5, 6, 9, 10]


def test_a_mistake_deep_in_a_plugin_s_options_gets_a_suggestion(tmp_path):
    file = tmp_path / "ward.yaml"
    file.write_text("retriever:\n  plugin: hybrid\n  options:\n    retrievers: [{plugin: bm25, wieght: 2}]\n")
    (mistake,) = mistakes_in(str(file))
    assert (mistake.line, mistake.key) == (4, "retriever.options.retrievers.0.wieght")
    assert "did you mean 'weight'?" in mistake.message


def test_options_are_checked_where_no_plugin_is_named(tmp_path):
    (tmp_path / "ward.yaml").write_text("retriever:\n  options: {bogus: 1}\nobjective:\n  options: {bogus: 1}\n")
    found = [mistake.key for mistake in mistakes_in(str(tmp_path / "ward.yaml"))]
    assert found == ["retriever.options.bogus", "objective.options.bogus"]
