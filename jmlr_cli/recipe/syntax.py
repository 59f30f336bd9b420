"""YAML as recipes have it: ``2e-5`` is a number, and a key stands once."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from jmlr_cli.yaml_text import load_yaml

NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$")
"""With an exponent, as YAML 1.2 writes it: PyYAML asks for a point and a sign, and takes anything else for text."""


class Loader(yaml.SafeLoader):
    """Reads plain values alone: no tag runs code."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Raises ConstructorError for a key that stands twice, of which PyYAML would keep the second."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise ConstructorError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class Dumper(yaml.SafeDumper):
    """Writes what :class:`Loader` reads again as it was."""


for each in (Loader, Dumper):
    each.add_implicit_resolver("tag:yaml.org,2002:float", NUMBER, list("-+.0123456789"))


def parsed(text: str) -> Any:
    """The value of a YAML text. Raises :class:`YamlError`."""
    return load_yaml(text, Loader)


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each key of a YAML text, from 1, by the keys that lead to it."""
    found: dict[tuple[str, ...], int] = {}

    def walk(node: yaml.Node | None, keys: tuple[str, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[(*keys, key.value)] = key.start_mark.line + 1
                walk(value, (*keys, key.value))

    walk(yaml.compose(text, Loader), ())
    return found
