"""What may stand behind ``--set``, as far as it is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jmlr_cli.errors import JmlrError
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.keys import Key, recipe_keys
from jmlr_cli.recipe.load import load_recipe
from jmlr_cli.recipe.schema import DEFAULT_PLUGINS


def completions(incomplete: str, recipe: str | None = None) -> list[tuple[str, str]]:
    """The keys that begin with ``incomplete``, each with its "=" and what it does; behind a key's "=", its values.

    The options of a plugin are those of the plugin in ``recipe``; they are looked at only where an option is being written.
    """
    written, equals, value = incomplete.partition("=")
    found = [key for key in _keys(written, recipe) if key.name.startswith(written)]
    if not equals:
        return [(f"{key.name}=", key.description) for key in found]
    return [(f"{written}={each}", "") for key in found if key.name == written for each in _values(key) if each.startswith(value)]


def _keys(written: str, recipe: str | None) -> Iterable[Key]:
    kind, _, rest = written.partition(".")
    if recipe and kind in DEFAULT_PLUGINS and rest.startswith("options."):
        return _option_keys(kind, recipe)
    return recipe_keys()


def _option_keys(kind: str, recipe: str) -> Iterable[Key]:
    """The options of the plugin that a recipe names; none where the recipe or the plugin cannot be had."""
    try:
        section: Any = getattr(load_recipe(recipe), kind)
        return list(recipe_keys(registry().get(kind, section.plugin).Options, f"{kind}.options."))
    except JmlrError:
        return []


def _values(key: Key) -> Iterable[str]:
    kind, _, rest = key.name.partition(".")
    return registry().names(kind) if kind in DEFAULT_PLUGINS and rest == "plugin" else key.choices
