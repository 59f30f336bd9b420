"""The keys that a recipe may have, and what each may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from jmlr_cli.recipe.schema import Recipe


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its dotted name. ``choices`` are the values that it can have, where they can be listed."""

    name: str
    description: str
    choices: tuple[str, ...] = ()


def recipe_keys(model: type[BaseModel] = Recipe, prefix: str = "") -> Iterator[Key]:
    """Every key of a model that holds a value, those of its sections included."""
    for name, field in model.model_fields.items():
        section = section_in(field.annotation)
        if section is None or field.annotation is not section:  # a value may stand in its place
            yield Key(f"{prefix}{name}", field.description or "", tuple(_choices(field.annotation)))
        if section is not None:
            yield from recipe_keys(section, f"{prefix}{name}.")


def keys_below(path: Sequence[Any], model: type[BaseModel] = Recipe) -> list[str]:
    """The keys of the section at ``path`` below a model; none where there is no section."""
    at: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, int):  # a place in a list, whose section was found with the list's key
            continue
        field = at.model_fields.get(step) if at else None
        at = section_in(field.annotation, listed=True) if field else None
    return list(at.model_fields) if at else []


def section_in(annotation: Any, listed: bool = False) -> type[BaseModel] | None:
    """The section in a type such as ``Section | None``, if there is one; with ``listed``, also that of a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, tuple, dict) and not listed:
        return None
    return next((found for each in get_args(annotation) if (found := section_in(each, listed))), None)


def _choices(annotation: Any) -> Iterator[str]:
    if annotation is bool:
        yield from ("true", "false")
    elif get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif get_origin(annotation) not in (list, tuple, dict):
        for each in get_args(annotation):
            yield from _choices(each)
