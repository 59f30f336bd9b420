"""A resolved recipe says where each of its values was written."""

from __future__ import annotations

import pytest

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.annotated import annotated_yaml
from jmlr_cli.recipe.check import mistakes_in
from jmlr_cli.recipe.load import builtin_names, checked_recipe, load_recipe, resolved
from jmlr_cli.recipe.syntax import parsed

BASE = """\
extends: small
training:
  seed: 5
  epochs: 2
retriever:
  lora: {r: 8, alpha: 4}
"""
MINE = """\
extends: base.yaml
training: {epochs: 2e-1}
objective: {plugin: kl}
"""


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "mine.yaml").write_text(MINE)
    return str(tmp_path / "mine.yaml")


def origins(found) -> dict[str, str]:
    return {".".join(keys): str(origin) for keys, origin in found.origins.items()}


def test_each_value_says_the_recipe_and_the_line_it_comes_from(mine, tmp_path):
    found = origins(resolved(mine, ["training.batch_size=3"]))
    assert found["training.epochs"] == f"{mine}:2"
    assert found["training.seed"] == f"{tmp_path / 'base.yaml'}:3"
    assert found["training.learning_rate"].startswith("small:")
    assert found["training.batch_size"] == "--set"
    assert found["training.warmup"] == "default"
    assert found["objective.options"] == "default"  # another plugin: small's options did not carry over


@pytest.mark.parametrize(
    ("override", "key", "origin"),
    [
        ("retriever.lora=", "retriever.lora", "--set"),
        ("retriever.lora={r: 2}", "retriever.lora.r", "--set"),
        ("retriever.lora={r: 2}", "retriever.lora.alpha", "base.yaml:6"),
        ("retriever.lora={r: 2}", "retriever.lora.dropout", "default"),
        ("candidates.refresh={every: 3}", "candidates.refresh.every", "--set"),
    ],
)
def test_a_mapping_is_looked_into(mine, override, key, origin):
    assert origins(resolved(mine, [override]))[key].endswith(origin)


def test_what_null_took_away_does_not_come_back_with_its_old_origin(mine):
    found = resolved(mine, ["retriever.lora=", "retriever.lora.r=2"])
    assert found.recipe.retriever.lora.alpha == 256
    assert origins(found)["retriever.lora.alpha"] == "default"


@pytest.mark.parametrize("name", builtin_names())
def test_the_annotated_recipe_loads_as_the_same_recipe(name):
    found = resolved(name, ["training.seed=3", "data.where=[a=b, c=d]"])
    assert checked_recipe(parsed(annotated_yaml(found)), "it") == found.recipe


@pytest.mark.parametrize("text", ["two\\n\\nlines # here", "'quoted'", "a: b # c", "long " * 60, "", "2e-5", "off"])
def test_texts_of_any_form_stay_as_they_are(text):
    found = resolved("small", [f'generator.options={{system: "{text}"}}'])
    assert checked_recipe(parsed(annotated_yaml(found)), "it") == found.recipe
    assert "# --set" in annotated_yaml(found)


def test_every_value_has_its_origin_on_the_screen(jmlr):
    shown = jmlr("recipes", "show", "tiny", "--set", "training.learning_rate=2e-5")
    lines = {line.split(":")[0].strip(): line.partition("  # ")[2] for line in shown.out.splitlines() if ": " in line}
    assert lines["learning_rate"] == "--set"
    assert lines["model"] == "tiny:9"
    assert lines["warmup"] == "default"
    as_json = jmlr("recipes", "show", "tiny", "--json").json
    assert as_json["origins"]["generator.model"] == {"from": "tiny", "line": 9}
    assert as_json["origins"]["training.warmup"] == {"from": "default", "line": None}


def test_a_mistake_is_found_in_the_recipe_that_has_it(mine, tmp_path):
    (tmp_path / "base.yaml").write_text(BASE.replace("seed: 5", "sede: 5"))
    (tmp_path / "mine.yaml").write_text(MINE.replace("epochs", "epohcs"))
    first, second = mistakes_in(mine)
    assert (first.recipe, first.line, first.key) == (mine, 2, "training.epohcs")
    assert (second.recipe, second.line, second.key) == (str(tmp_path / "base.yaml"), 3, "training.sede")
    assert "'seed'" in second.message


def test_a_number_with_an_exponent_is_a_number_wherever_it_stands(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "extends: small\ntraining: {learning_rate: 2e-5, weight_decay: 1E2, warmup: .5e-1}\n"
        "generator: {rope_scaling: {rope_type: linear, factor: 8e0}}\n"
    )
    recipe = load_recipe(str(tmp_path / "r.yaml"), ["generator.rope_scaling.factor=4e+0"])
    assert (recipe.training.learning_rate, recipe.training.weight_decay, recipe.training.warmup) == (2e-5, 100.0, 0.05)
    assert recipe.generator.rope_scaling == {"rope_type": "linear", "factor": 4.0}
    assert [parsed(text) for text in ("'2e-5'", "2e-5x", "e5", "0x1e5", "12")] == ["2e-5", "2e-5x", "e5", 0x1E5, 12]


def test_a_key_that_stands_twice_is_an_error_with_its_line(tmp_path):
    (tmp_path / "r.yaml").write_text("training: {seed: 1}\ndata: {}\ntraining: {seed: 2}\n")
    with pytest.raises(InputError, match=r"the key 'training' stands twice.*line 3"):
        load_recipe(str(tmp_path / "r.yaml"))


def test_the_list_says_what_each_needs(jmlr):
    shown = " ".join(jmlr("recipes", COLUMNS="200").out.split())
    assert "tiny two tiny models with random weights, for tests 1 memory, 0.2 disk seconds" in shown
    assert "44 GPU, 16 memory, 60 disk" in shown
