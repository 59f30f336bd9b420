"""All mistakes of a recipe file at once, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pydantic import ValidationError

from jmlr_cli.errors import InputError
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.load import Layer, complaints, layers
from jmlr_cli.recipe.origins import merged, values_of
from jmlr_cli.recipe.schema import DEFAULT_PLUGINS, Recipe


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a recipe. ``recipe`` is the name or file of the one that has it: it may be one that is extended.
    ``line`` counts from 1, and is None where none of them holds the key itself."""

    recipe: str
    line: int | None
    key: str
    message: str


def mistakes_in(name: str) -> list[Mistake]:
    """The mistakes of the recipe called ``name``, in the order of their lines; empty when it is valid.

    Raises :class:`InputError` when it is not YAML, or it extends what is not there.
    """
    found = layers(name)
    values = values_of(reduce(merged, [layer.tree for layer in reversed(found)]))
    told = [*_schema_mistakes(values), *_plugin_mistakes(values)]
    mistakes = [Mistake(*_place(found, keys), ".".join(map(str, keys)), message) for keys, message in told]
    own = found[0].name
    return sorted(mistakes, key=lambda mistake: (mistake.recipe != own, mistake.recipe, mistake.line or 0, mistake.key))


def _place(found: Sequence[Layer], keys: Sequence[Any]) -> tuple[str, int | None]:
    """The recipe and the line of a key, or of the nearest one above it that a recipe holds; the one that extends comes first."""
    for length in range(len(keys), 0, -1):
        for layer in found:
            if tuple(keys[:length]) in layer.lines:
                return layer.name, layer.lines[tuple(keys[:length])]
    return found[0].name, None


def _schema_mistakes(values: dict[str, Any]) -> list[tuple[tuple, str]]:
    try:
        Recipe.model_validate(values)
    except ValidationError as error:
        return complaints(error)
    return []


def _plugin_mistakes(values: dict[str, Any]) -> list[tuple[tuple, str]]:
    """Plugins that nobody offers, and options that a plugin does not take."""
    found: list[tuple[tuple, str]] = []
    for kind, default in DEFAULT_PLUGINS.items():
        given = values.get(kind)
        if not isinstance(given, dict) or not isinstance(given.get("plugin", default), str):
            continue
        try:
            plugin: Any = registry().get(kind, given.get("plugin", default))
            plugin.Options.model_validate(given.get("options") or {})
        except ValidationError as error:
            found += complaints(error, plugin.Options, (kind, "options"))
        except InputError as error:
            found.append(((kind, "plugin"), f"{error}. {error.hint}"))
    return found
