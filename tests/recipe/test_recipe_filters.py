"""The recipe's filters."""

from __future__ import annotations

import pytest
import yaml

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.check import mistakes_in
from jmlr_cli.recipe.load import load_recipe, overridden, recipe_yaml


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("data.where=source=NICE,WHO", ("source=NICE,WHO",)),
        ("data.where=date>=2020", ("date>=2020",)),
        ("data.where=[date>=2020, document!=drafts/*]", ("date>=2020", "document!=drafts/*")),
        ("data.where=", ()),
    ],
)
def test_filters_are_set_as_one_or_as_a_list(override, expected):
    recipe = overridden(load_recipe("tiny", ["data.where=a=b"]), [override])
    assert recipe.data.where == expected
    assert yaml.safe_load(recipe_yaml(recipe))["data"]["where"] == list(expected)


@pytest.mark.parametrize("value", ["source", "date>=soon", "[source=]", "{source: NICE}", "7"])
def test_a_filter_that_cannot_be_read_is_a_mistake_of_that_key(value):
    with pytest.raises(InputError, match=r"data\.where"):
        load_recipe("tiny", [f"data.where={value}"])


def test_the_mistake_is_found_with_its_line(tmp_path):
    (tmp_path / "r.yaml").write_text("extends: tiny\ndata:\n  where:\n    - source=NICE\n    - date>=soon\n")
    (mistake,) = mistakes_in(str(tmp_path / "r.yaml"))
    assert (mistake.line, mistake.key) == (3, "data.where")
    assert "date>=soon" in mistake.message
