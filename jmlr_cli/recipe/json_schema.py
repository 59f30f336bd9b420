"""The recipe's JSON schema, with which an editor completes keys, shows what they mean and marks mistakes."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from jmlr_cli.errors import JmlrError
from jmlr_cli.plugins import registry
from jmlr_cli.recipe.load import builtin_names
from jmlr_cli.recipe.schema import DEFAULT_PLUGINS, Recipe

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODE: JsonSchemaMode = "validation"


def recipe_schema() -> dict[str, Any]:
    """The schema of a recipe file. The options of each plugin that is installed here are those of its own model."""
    options = {(kind, name): model for kind in DEFAULT_PLUGINS for name, model in _options(kind).items()}
    references, whole = models_json_schema([(Recipe, MODE), *((model, MODE) for model in options.values())])
    models = whole["$defs"]
    recipe = models.pop(_name(references[Recipe, MODE]))
    for kind in DEFAULT_PLUGINS:
        section = _name(recipe["properties"][kind])
        named = {name: references[model, MODE] for (each, name), model in options.items() if each == kind}
        models[section] = _with_plugins(models[section], kind, named)
    extends = {
        "description": f"The recipe that this one changes: a file's path, or one that ships: {', '.join(builtin_names())}.",
        "type": "string",
    }
    return {
        "$schema": DIALECT,
        **recipe,
        "title": "jmlr recipe",
        "properties": {"extends": extends, **recipe["properties"]},
        "$defs": models,
    }


def _name(reference: dict[str, Any]) -> str:
    """The name of the model that a schema refers to."""
    return reference["$ref"].rpartition("/")[2]


def _options(kind: str) -> dict[str, Any]:
    """The options' model of each plugin of a kind. One that cannot be had is left out."""
    found = {}
    for name in registry().names(kind):
        try:
            found[name] = registry().get(kind, name).Options
        except JmlrError:
            continue
    return found


def _with_plugins(section: dict[str, Any], kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """A section's schema in which ``plugin`` is one of those installed, and ``options`` are that plugin's."""
    plugin = {**section["properties"]["plugin"], "enum": registry().names(kind)}
    rules = [
        {
            "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
            "then": {"properties": {"options": model}},
        }
        for name, model in options.items()
    ]
    return {**section, "properties": {**section["properties"], "plugin": plugin}, "allOf": rules}
