"""All mistakes of a recipe file at once, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from jmlr_cli.errors import InputError
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.load import explained, extended, recipe_path
from jmlr_cli.recipe.schema import Recipe

KINDS = ("retriever", "generator", "objective")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a recipe. ``line`` counts from 1, and is None where the file does not hold the key itself."""

    line: int | None
    key: str
    message: str


def mistakes_in(name: str) -> list[Mistake]:
    """The mistakes of the recipe called ``name``, in the order of their lines; empty when it is valid.

    Raises :class:`InputError` when it is not YAML, or it extends what is not there.
    """
    path = recipe_path(name)
    values = extended(path)
    lines = _lines(path)
    found = [*_schema_mistakes(values), *_plugin_mistakes(values)]
    placed = [Mistake(_line(lines, keys), ".".join(map(str, keys)), message) for keys, message in found]
    return sorted(placed, key=lambda mistake: (mistake.line or 0, mistake.key))


def _schema_mistakes(values: dict[str, Any]) -> list[tuple[tuple, str]]:
    try:
        Recipe.model_validate(values)
    except ValidationError as error:
        return [(item["loc"], explained(dict(item))) for item in error.errors()]
    return []


def _plugin_mistakes(values: dict[str, Any]) -> list[tuple[tuple, str]]:
    """Plugins that nobody offers, and options that a plugin does not take."""
    found: list[tuple[tuple, str]] = []
    for kind in KINDS:
        given = values.get(kind)
        if not isinstance(given, dict) or not isinstance(given.get("plugin"), str):
            continue
        try:
            plugin: Any = registry().get(kind, given["plugin"])
            plugin.Options.model_validate(given.get("options") or {})
        except ValidationError as error:
            found += [((kind, "options", *item["loc"]), explained(dict(item))) for item in error.errors()]
        except InputError as error:
            found.append(((kind, "plugin"), f"{error}. {error.hint}"))
    return found


def _lines(path: Path) -> dict[tuple, int]:
    """The line of each key of a YAML file, by the keys that lead to it."""
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    found: dict[tuple, int] = {}

    def walk(node: yaml.Node | None, keys: tuple) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[(*keys, key.value)] = key.start_mark.line + 1
                walk(value, (*keys, key.value))

    walk(root, ())
    return found


def _line(lines: dict[tuple, int], keys: Sequence[Any]) -> int | None:
    """The line of a key, or of the nearest one above it that the file holds."""
    for length in range(len(keys), 0, -1):
        if tuple(keys[:length]) in lines:
            return lines[tuple(keys[:length])]
    return None
