"""YAML that anybody may have written: plain values only, and within limits."""

from __future__ import annotations

from typing import Any

import yaml

LONGEST = 200_000
"""Characters; PyYAML reads about as many in two seconds."""

MOST_NODES = 20_000
"""Values, one that several aliases name counted as often: each could be copied."""


class YamlError(ValueError):
    """Text that is no YAML, or exceeds the limits; the error is the reason, on one line."""


def load_yaml(text: str, loads: type[yaml.SafeLoader] = yaml.SafeLoader) -> Any:
    """The value that ``text`` states, as ``loads`` reads it. Tags that would make objects of Python are refused.

    Raises :class:`YamlError`."""
    if len(text) > LONGEST:
        raise YamlError(f"it has more than {LONGEST:,} characters")
    try:
        loader = loads(text)
        root = loader.get_single_node()
        if root is None:
            return None
        _count(root, {})
        return loader.construct_document(root)
    except YamlError:
        raise
    except RecursionError:
        raise YamlError("it is nested too deep") from None
    except Exception as error:  # a date such as 2024-02-31, or a tag such as !!int on a text, makes PyYAML raise nearly anything
        reason = " ".join(str(error).split()).replace('in "<unicode string>", line', "in line")
        raise YamlError(reason if isinstance(error, yaml.YAMLError) else f"{type(error).__name__}: {reason}") from None


def _count(node: yaml.Node, counts: dict[int, int]) -> int:
    """How many values there are in a node, with a copy for each alias. Raises :class:`YamlError` for one that holds itself, and
    for more than :data:`MOST_NODES`."""
    if id(node) in counts:
        if not counts[id(node)]:
            raise YamlError(f"line {node.start_mark.line + 1}: a value holds itself")
        return counts[id(node)]
    counts[id(node)] = 0
    inner = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
    total = 1 + (sum(_count(each, counts) for each in inner) if isinstance(node, yaml.CollectionNode) else 0)
    if total > MOST_NODES:
        raise YamlError(f"it has more than {MOST_NODES:,} values, those that aliases name counted each time")
    counts[id(node)] = total
    return total
