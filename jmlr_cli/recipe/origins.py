"""Where each value of a recipe was written, carried along while recipes are laid over each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jmlr_cli.recipe.schema import DEFAULT_PLUGINS

Keys = tuple[str, ...]
"""The keys that lead to a value."""

Tree = dict[str, Any]
"""A recipe's mapping whose leaves are :class:`Placed`."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The recipe or file that says a value, and the line, from 1; "--set", or "default" where nothing says it."""

    name: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name


DEFAULT = Origin("default")
SET = Origin("--set")


@dataclass(frozen=True, slots=True)
class Placed:
    """A value with its origin. Two are equal when their values are."""

    value: Any
    origin: Origin = field(compare=False)


def placed(values: Mapping[str, Any], origin: Callable[[Keys], Origin], keys: Keys = ()) -> Tree:
    """``values`` with each leaf placed where ``origin`` says of its keys."""
    return {
        key: placed(value, origin, (*keys, key)) if isinstance(value, dict) else Placed(value, origin((*keys, key)))
        for key, value in values.items()
    }


def merged(base: Tree, over: Tree) -> Tree:
    """The recipe ``over`` laid over the recipe ``base``. A plugin's options belong to it: those of another do not carry over."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if not (isinstance(old, dict) and isinstance(value, dict)):
            result[key] = value
            continue
        result[key] = merged(old, value)
        before = _plugin(old, DEFAULT_PLUGINS.get(key))
        if _plugin(value, before) != before:
            result[key]["options"] = value.get("options", {})
    return result


def _plugin(section: Tree, default: Any) -> Any:
    """The plugin that a section names."""
    named = section.get("plugin")
    return named.value if isinstance(named, Placed) else default


def values_of(tree: Tree) -> dict[str, Any]:
    """The mapping without its origins."""
    return {key: values_of(value) if isinstance(value, dict) else value.value for key, value in tree.items()}


def origin_of(tree: Tree, keys: Sequence[Any]) -> Origin | None:
    """Where the value at ``keys`` was written, or the one that it is a part of; None where nothing says it."""
    at: Any = tree
    for key in keys:
        if isinstance(at, Placed):
            return at.origin
        if key not in at:
            return None
        at = at[key]
    return at.origin if isinstance(at, Placed) else None


def leaves(values: Mapping[str, Any], keys: Keys = ()) -> Iterator[Keys]:
    """The keys that lead to each leaf; a mapping without keys is a leaf."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*keys, key))
        else:
            yield (*keys, key)
