"""Recipes are found by name or path, extended, overridden and checked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.yaml_text import LONGEST, YamlError, load_yaml


def builtin_folder() -> Path:
    """The folder of recipes that ship: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "recipes"
    return packaged if packaged.is_dir() else package.parent / "recipes"


def builtin_names() -> list[str]:
    """The names of the recipes that ship."""
    return sorted(path.stem for path in builtin_folder().glob("*.yaml"))


def recipe_path(name: str, beside: Path | None = None) -> Path:
    """The file that a recipe's name or path means. ``beside`` is the folder of the recipe that extends it."""
    if name in builtin_names():
        return builtin_folder() / f"{name}.yaml"
    path = (beside / name) if beside and not Path(name).is_absolute() else Path(name)
    with suppress(OSError):  # a name that is too long for a file
        if path.is_file():
            return path
    close = difflib.get_close_matches(name, builtin_names(), n=1)
    known = f"Did you mean {close[0]!r}?" if close else f"Recipes that ship: {', '.join(builtin_names())}."
    raise InputError(f"there is no recipe {name!r}", f"{known} A path to a .yaml file works too.")


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe called ``name``, with ``overrides`` such as ``training.seed=1`` applied.

    Raises :class:`InputError` that lists every mistake at once.
    """
    path = recipe_path(name)
    values = extended(path)
    for override in overrides:
        _apply(values, override)
    return checked_recipe(values, str(path) if name not in builtin_names() else f"recipe {name!r}")


def overridden(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """``recipe`` with ``overrides`` such as ``evaluation.mode=closed`` applied."""
    values = recipe.model_dump()
    for override in overrides:
        _apply(values, override)
    return checked_recipe(values, "--set")


def checked_recipe(values: Mapping[str, Any], where: str) -> Recipe:
    """``values`` as a typed recipe, or an :class:`InputError` that names each wrong key."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        mistakes = "; ".join(explained(dict(item)) for item in error.errors())
        raise InputError(f"{where} is not a valid recipe: {mistakes}", "docs/recipes.md lists every key.") from None


def recipe_yaml(recipe: Recipe) -> str:
    """The whole recipe as YAML, every value spelt out."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)


def read_yaml(path: Path) -> dict[str, Any]:
    """A recipe file's own keys. Raises :class:`InputError` with the place of a syntax error."""
    try:
        with path.open(encoding="utf-8") as handle:
            values = load_yaml(handle.read(LONGEST + 1))
    except (YamlError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {error}", "Mend the file, or start from a recipe that ships.") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no recipe", "A recipe is a mapping of sections; see docs/recipes.md.")
    return values


def extended(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A recipe file's keys laid over those of the recipes that it extends. Raises :class:`InputError` for a circle."""
    if path.resolve() in seen:
        raise InputError(f"{path} extends itself", "Remove one `extends` of the circle.")
    values = read_yaml(path)
    parent = values.pop("extends", None)
    if parent is None:
        return values
    base = extended(recipe_path(str(parent), path.parent), (*seen, path.resolve()))
    return _merged(base, values)


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        # plugins' options belong to their plugin: options of another plugin do not carry over
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        if isinstance(old, dict) and isinstance(value, dict) and value.get("plugin", old.get("plugin")) != old.get("plugin"):
            merged[key] = {**merged[key], "options": value.get("options", {})}
    return merged


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    path = [step.strip() for step in key.split(".")]
    if not equals or not all(path):
        raise InputError(f"--set {override!r} is not KEY=VALUE", "For example: --set training.max_steps=100")
    try:
        value = load_yaml(text) if text.strip() else None
    except YamlError:
        value = text
    nested: Any = value
    for step in reversed(path):
        nested = {step: nested}
    values.update(_merged(values, nested))


def explained(mistake: dict[str, Any]) -> str:
    """One of pydantic's complaints as a phrase that names the key."""
    where = ".".join(str(step) for step in mistake["loc"]) or "recipe"
    if mistake["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(mistake["loc"][-1]), _known_keys(mistake["loc"][:-1]), n=1)
        return f"{where} is not a key" + (f" (did you mean {close[0]!r}?)" if close else "")
    return f"{where}: {mistake['msg'][0].lower()}{mistake['msg'][1:]}"


def _known_keys(path: Sequence[Any]) -> list[str]:
    model: Any = Recipe
    for step in path:
        field = model.model_fields.get(step) if isinstance(model, type) and issubclass(model, BaseModel) else None
        model = field.annotation if field else None
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
