"""A recipe as YAML in which every value says where it comes from."""

from __future__ import annotations

import yaml

from jmlr_cli.recipe.load import Resolved, recipe_yaml
from jmlr_cli.recipe.origins import Keys, leaves
from jmlr_cli.recipe.syntax import Loader, key_lines

WIDEST = 72
"""Column beyond which an origin no longer stands in line with the others."""


def annotated_yaml(resolved: Resolved) -> str:
    """The recipe with each value's origin as a comment behind it: the recipe and line, "--set" or "default". It loads as the
    same recipe."""
    text = recipe_yaml(resolved.recipe)
    lines = text.splitlines()
    places = key_lines(text)
    ends = _last_lines(text)
    origins = {keys: resolved.origins[keys] for keys in leaves(resolved.recipe.model_dump(mode="json"))}
    column = max(len(line) for line in lines if len(line) <= WIDEST)
    for keys, origin in sorted(origins.items(), key=lambda item: -places[item[0]]):
        at = places[keys] - 1
        if ends[keys] == at:
            lines[at] = f"{lines[at]:<{column}}  # {origin}"
        else:  # a text of several lines holds no comment
            indent = len(lines[at]) - len(lines[at].lstrip())
            lines.insert(at, f"{' ' * indent}# {origin}")
    return "\n".join(lines) + "\n"


def _last_lines(text: str) -> dict[Keys, int]:
    """The line, from 0, behind which a comment on each key's value may stand: that of the key, or, where a text is written over
    several lines, its last one."""
    found: dict[Keys, int] = {}

    def walk(node: yaml.Node | None, keys: Keys) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                own = (*keys, key.value)
                spans = isinstance(value, yaml.ScalarNode)
                found[own] = value.end_mark.line if spans else key.start_mark.line
                walk(value, own)

    walk(yaml.compose(text, Loader), ())
    return found
