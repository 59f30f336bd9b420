"""Recipes: found, extended, overridden, checked, and printed so that they load again."""

from __future__ import annotations

import pytest

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.load import builtin_folder, builtin_names, load_recipe, overridden, recipe_yaml


@pytest.mark.parametrize("name", builtin_names())
def test_every_recipe_that_ships_is_valid_and_says_what_it_is(name):
    recipe = load_recipe(name)
    assert recipe.description
    header = (builtin_folder() / f"{name}.yaml").read_text().split("\n\n")[0]
    assert header.startswith("#")
    assert "jmlr " in header  # the command to run stands in its header


def test_joint13b_has_the_numbers_of_the_published_code():
    recipe = load_recipe("joint13b")
    assert (recipe.candidates.pool, recipe.candidates.sample, recipe.candidates.read) == (20, 10, 5)
    assert (recipe.objective.plugin, recipe.objective.weight) == ("llm-rank", 1.0)
    assert recipe.training.retriever_learning_rate == 3e-6
    lora = recipe.generator.lora
    assert (lora.r, lora.alpha, lora.dropout) == (128, 256, 0.05)
    assert set(lora.targets) == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head"}


def test_the_three_systems_differ_only_in_what_they_compare():
    joint, rag, closed = (load_recipe(name).model_dump() for name in ("joint13b", "rag13b", "closed13b"))
    for other in (rag, closed):
        for section in ("generator", "training", "objective"):
            assert other[section] == joint[section]
    assert rag["retriever"] == {**joint["retriever"], "train": False}


def test_a_recipe_extends_another_by_name_or_path(tmp_path):
    (tmp_path / "base.yaml").write_text("extends: tiny\ntraining: {seed: 5}\n")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\ntraining: {epochs: 2}\n")
    recipe = load_recipe(str(tmp_path / "mine.yaml"))
    assert (recipe.training.seed, recipe.training.epochs, recipe.generator.model) == (5, 2, "tiny-llama")


def test_another_plugin_does_not_inherit_options(tmp_path):
    (tmp_path / "mine.yaml").write_text("extends: joint13b\nretriever: {plugin: dense}\n")
    assert load_recipe(str(tmp_path / "mine.yaml")).retriever.options == {}
    assert load_recipe("joint13b", ["retriever.plugin=bm25"]).retriever.options == {}


@pytest.mark.parametrize("order", [1, -1])
def test_options_set_beside_another_plugin_are_its_own_in_either_order(order):
    texts = ["generator.options.template=lm-eval", "generator.plugin=llama2"][::order]
    assert load_recipe("tiny", texts).generator.options == {"template": "lm-eval"}
    assert overridden(load_recipe("tiny"), texts).generator.options == {"template": "lm-eval"}


def test_the_default_plugin_spelt_out_is_no_other_plugin(tmp_path):
    (tmp_path / "base.yaml").write_text("retriever: {options: {query_length: 0}}\n")
    (tmp_path / "mine.yaml").write_text("extends: base.yaml\nretriever: {plugin: colbert}\n")
    assert load_recipe(str(tmp_path / "mine.yaml")).retriever.options == {"query_length": 0}


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("training.learning_rate=2e-5", lambda r: r.training.learning_rate == 2e-5),
        ("training.max_steps=100", lambda r: r.training.max_steps == 100),
        ("data.train=questions.jsonl", lambda r: r.data.train == "questions.jsonl"),
        ("data.index=", lambda r: r.data.index is None),
        ("retriever.train=false", lambda r: r.retriever.train is False),
        ("candidates.refresh={every: 10}", lambda r: r.candidates.refresh.every == 10),
        ("generator.lora.targets=[q_proj]", lambda r: r.generator.lora.targets == ("q_proj",)),
        ("retriever.options.query_length=8", lambda r: r.retriever.options == {"query_length": 8}),
    ],
)
def test_set_overrides_any_key(override, read):
    assert read(load_recipe("tiny", [override]))


def test_all_mistakes_are_told_at_once_with_what_was_meant(tmp_path):
    (tmp_path / "bad.yaml").write_text("trainning: {}\ntraining: {sede: 1, epochs: -1}\ngenerator: {dtype: bfloat}\n")
    with pytest.raises(InputError) as caught:
        load_recipe(str(tmp_path / "bad.yaml"))
    told = str(caught.value)
    for words in ("trainning", "'training'", "training.sede", "'seed'", "training.epochs", "generator.dtype"):
        assert words in told


def test_settings_that_do_not_go_together_are_told():
    told = "candidates: candidates.sample and candidates.read cannot exceed candidates.pool"
    with pytest.raises(InputError, match=f"is not a valid recipe: {told}"):
        load_recipe("tiny", ["candidates.sample=30"])


def test_a_printed_recipe_loads_as_the_same_recipe(tmp_path):
    recipe = load_recipe("replug13b")
    (tmp_path / "printed.yaml").write_text(recipe_yaml(recipe))
    assert load_recipe(str(tmp_path / "printed.yaml")) == recipe


def test_a_loaded_recipe_can_be_overridden():
    assert overridden(load_recipe("tiny"), ["evaluation.mode=closed"]).evaluation.mode == "closed"


def test_what_was_trained_on_spread_weights_can_be_read_quantised():
    assert overridden(load_recipe("joint13b-fsdp"), ["generator.quantization=nf4"]).generator.quantization == "nf4"


def test_yaml_cannot_run_code(tmp_path):
    (tmp_path / "evil.yaml").write_text("description: !!python/object/apply:os.system [echo]\n")
    with pytest.raises(InputError, match="YAML"):
        load_recipe(str(tmp_path / "evil.yaml"))
