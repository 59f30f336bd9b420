"""Recipes are found by name or path, extended, overridden and checked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from jmlr_cli.errors import InputError
from jmlr_cli.recipe.keys import keys_below
from jmlr_cli.recipe.origins import DEFAULT, SET, Keys, Origin, Tree, leaves, merged, origin_of, placed, values_of
from jmlr_cli.recipe.schema import Recipe
from jmlr_cli.recipe.syntax import Dumper, key_lines, parsed
from jmlr_cli.yaml_text import LONGEST, YamlError


@dataclass(frozen=True, slots=True)
class Layer:
    """One recipe of those that extend each other: its name or file, its own keys, and the line of each."""

    name: str
    values: dict[str, Any]
    lines: dict[Keys, int]

    @property
    def tree(self) -> Tree:
        """Its own values, each with its origin."""
        return placed(self.values, lambda keys: Origin(self.name, self.lines.get(keys)))


@dataclass(frozen=True, slots=True)
class Resolved:
    """A recipe, and where each of its values was written, by the keys that lead to it."""

    recipe: Recipe
    origins: dict[Keys, Origin]


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
    return resolved(name, overrides).recipe


def resolved(name: str, overrides: Sequence[str] = ()) -> Resolved:
    """What :func:`load_recipe` gives, with where each value was written: in which recipe, in ``--set``, or nowhere."""
    tree = reduce(merged, [*(layer.tree for layer in reversed(layers(name))), *_overrides(overrides)])
    recipe = checked_recipe(values_of(tree), f"recipe {name!r}" if name in builtin_names() else str(recipe_path(name)))
    return Resolved(recipe, {keys: origin_of(tree, keys) or DEFAULT for keys in leaves(recipe.model_dump(mode="json"))})


def overridden(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """``recipe`` with ``overrides`` such as ``evaluation.mode=closed`` applied."""
    own = placed(recipe.model_dump(), lambda keys: DEFAULT)
    return checked_recipe(values_of(reduce(merged, _overrides(overrides), own)), "--set")


def checked_recipe(values: Mapping[str, Any], where: str) -> Recipe:
    """``values`` as a typed recipe, or an :class:`InputError` that names each wrong key."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        mistakes = "; ".join(phrase for _, phrase in complaints(error))
        raise InputError(f"{where} is not a valid recipe: {mistakes}", "docs/recipes.md lists every key.") from None


def recipe_yaml(recipe: Recipe) -> str:
    """The whole recipe as YAML, every value spelt out."""
    return yaml.dump(recipe.model_dump(mode="json"), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)


def read_yaml(path: Path) -> dict[str, Any]:
    """A recipe file's own keys. Raises :class:`InputError` with the place of a syntax error."""
    try:
        with path.open(encoding="utf-8") as handle:
            values = parsed(handle.read(LONGEST + 1))
    except (YamlError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {error}", "Mend the file, or start from a recipe that ships.") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no recipe", "A recipe is a mapping of sections; see docs/recipes.md.")
    return values


def layers(name: str) -> list[Layer]:
    """The recipe called ``name``, the one that it extends, and so on. Raises :class:`InputError` for a circle."""
    found: list[Layer] = []
    seen: list[Path] = []
    parent: Any = name
    while parent is not None:
        name = str(parent)
        path = recipe_path(name, seen[-1].parent if seen else None)
        if path.resolve() in (each.resolve() for each in seen):
            raise InputError(f"{path} extends itself", "Remove one `extends` of the circle.")
        values, lines = read_yaml(path), key_lines(path.read_text(encoding="utf-8"))
        parent = values.pop("extends", None)
        seen.append(path)
        found.append(Layer(name if name in builtin_names() else str(path), values, lines))
    return found


def _overrides(texts: Sequence[str]) -> list[Tree]:
    """The overrides, first those that name a plugin: a plugin takes away the options of the one before it, not its own."""
    return [_override(text) for text in sorted(texts, key=lambda text: not text.partition("=")[0].rstrip().endswith(".plugin"))]


def _override(text: str) -> Tree:
    """The one key that ``--set`` gives."""
    key, equals, value = text.partition("=")
    path = [step.strip() for step in key.split(".")]
    if not equals or not all(path):
        raise InputError(f"--set {text!r} is not KEY=VALUE", "For example: --set training.max_steps=100")
    try:
        nested: Any = parsed(value) if value.strip() else None
    except YamlError:
        nested = value
    for step in reversed(path):
        nested = {step: nested}
    return placed(nested, lambda keys: SET)


def complaints(error: ValidationError, model: type[BaseModel] = Recipe, below: Keys = ()) -> list[tuple[tuple, str]]:
    """What pydantic says of a ``model`` that stands ``below`` these keys: the keys of each mistake, and a phrase that names them.

    A list is not said to be too short because what is in it is wrong.
    """
    items: list[dict[str, Any]] = [dict(item) for item in error.errors()]
    own = [each for each in items if not any(_is_within(other["loc"], each["loc"]) for other in items)]
    return [((*below, *each["loc"]), _explained(each, model, below)) for each in own]


def _is_within(inner: tuple, outer: tuple) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _explained(mistake: dict[str, Any], model: type[BaseModel], below: Keys) -> str:
    where = ".".join(map(str, (*below, *mistake["loc"])))
    if mistake["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(mistake["loc"][-1]), keys_below(mistake["loc"][:-1], model), n=1)
        return f"{where} is not a key" + (f" (did you mean {close[0]!r}?)" if close else "")
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}" if where else message
