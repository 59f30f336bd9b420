"""The JSON schema for editors says what the loader says, and the shell completes keys from the same schema."""

from __future__ import annotations

import json

import pytest

from jmlr_cli.recipe.completion import completions
from jmlr_cli.recipe.json_schema import recipe_schema
from jmlr_cli.recipe.keys import recipe_keys
from jmlr_cli.recipe.load import builtin_names, recipe_path
from jmlr_cli.recipe.syntax import parsed


@pytest.fixture(scope="module")
def complaints():
    """``complaints(text)``: what an editor would mark in a recipe."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    return lambda text: [f"{error.json_path}: {error.message}" for error in validator.iter_errors(parsed(text))]


@pytest.mark.parametrize("name", builtin_names())
def test_every_recipe_that_ships_fits_the_schema(complaints, name):
    assert complaints(recipe_path(name).read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "data: {where: source=NICE}",
        "data: {where: [a=b, c=d]}",
        "candidates: {refresh: {every: 10}}",
        "candidates: {refresh: epoch}",
        "retriever: {lora: null, options: {anything: 1}}",
        "training: {learning_rate: 2e-5}",
        "retriever: {plugin: hybrid, options: {retrievers: [{plugin: bm25, weight: 2.0}]}}",
    ],
)
def test_what_the_loader_takes_an_editor_does_not_mark(complaints, text):
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("trainning: {}", "trainning"),
        ("training: {sede: 1}", "sede"),
        ("training: {epochs: many}", "$.training.epochs"),
        ("training: {epochs: -1}", "$.training.epochs"),
        ("generator: {dtype: bfloat}", "$.generator.dtype"),
        ("retriever: {plugin: colbrt}", "$.retriever.plugin"),
        ("retriever: {plugin: bm25, options: {k9: 1}}", "k9"),
        ("retriever: {plugin: bm25, options: {k1: -1}}", "$.retriever.options.k1"),
        ("retriever: {plugin: hybrid, options: {retrievers: [{plugn: bm25}]}}", "plugn"),
    ],
)
def test_what_the_loader_refuses_an_editor_marks(complaints, text, place):
    assert any(place in complaint for complaint in complaints(text))


def test_every_key_and_every_option_is_described():
    schema = recipe_schema()
    assert schema["properties"]["extends"]["description"]
    for model in schema["$defs"].values():
        for key, value in model["properties"].items():
            described = value.get("description") or schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {}).get(
                "description"
            )
            assert described, (model["title"], key)


def test_the_command_writes_the_schema_alone(jmlr):
    assert jmlr("recipes", "schema").json == json.loads(json.dumps(recipe_schema()))


# -- completion


def test_every_key_can_be_completed_and_set():
    keys = {name.removesuffix("=") for name, _ in completions("")}
    assert keys == {key.name for key in recipe_keys()}
    assert {"training.seed", "candidates.guard.ngram", "candidates.refresh.every", "retriever.lora", "retriever.lora.r"} <= keys


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("training.se", ["training.seed="]),
        ("generator.dtype=b", ["generator.dtype=bfloat16"]),
        ("retriever.train=", ["retriever.train=true", "retriever.train=false"]),
        ("objective.plugin=", ["objective.plugin=emdr2", "objective.plugin=kl", "objective.plugin=llm-rank"]),
        ("training.seed=1", []),
        ("nothing.like.this", []),
    ],
)
def test_keys_and_values_are_completed(written, expected):
    assert [each for each, _ in completions(written)][: len(expected) or None] == expected


def test_options_are_those_of_the_recipe_s_plugin():
    assert "objective.options.lm_temperature=" in dict(completions("objective.options.", "small"))
    assert completions("objective.options.", None) == []
    assert completions("objective.options.", "no-such-recipe") == []


@pytest.mark.parametrize("words", ["jmlr train --set training.se", "jmlr recipes show tiny --set training.se"])
def test_the_shell_completes_keys(jmlr, words):
    asked = {"_JMLR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert jmlr(**asked).out.split() == ["training.seed="]
