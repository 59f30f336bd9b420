"""Tokenizers that know no special tokens: whatever a text spells, they read it as text.

transformers' ``split_special_tokens`` leaves added tokens that are not marked special, so the added
tokens are taken out of the tokenizer's own description instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Control:
    """An added token that steers the model. ``lstrip`` and ``rstrip`` swallow the white space beside it."""

    id: int
    text: str
    lstrip: bool
    rstrip: bool


def describe(tokenizer: Tokenizer) -> dict[str, Any]:
    """The tokenizer as its JSON file would describe it."""
    return json.loads(tokenizer.to_str())


def controls(description: dict[str, Any]) -> list[Control]:
    """The added tokens, except runs of white space, which are ordinary text in some vocabularies."""
    added = description["added_tokens"]
    return [Control(t["id"], t["content"], t["lstrip"], t["rstrip"]) for t in added if _steers(t)]


def _steers(token: dict[str, Any]) -> bool:
    return token["special"] or bool(token["content"].strip())


def plain_tokenizer(description: dict[str, Any], *, prefix: bool = True) -> Tokenizer:
    """The tokenizer without special tokens. ``prefix`` False also keeps it from putting a space before
    the text, for text that continues other text."""
    plain = {
        **description,
        "added_tokens": [token for token in description["added_tokens"] if not _steers(token)],
        "post_processor": None, "truncation": None, "padding": None,
    }  # fmt: skip
    if not prefix:
        plain["normalizer"] = _without_prefix(description["normalizer"])
        plain["pre_tokenizer"] = _without_prefix(description["pre_tokenizer"])
    return Tokenizer.from_str(json.dumps(plain))


def prefix_scheme(description: dict[str, Any]) -> str:
    """Where the tokenizer puts a space of its own: "never", at the "first" text only, or "always",
    also after each special token."""
    steps = [step for name in ("normalizer", "pre_tokenizer") for step in _steps(description[name])]
    schemes = {_scheme(step) for step in steps}
    return next((scheme for scheme in ("always", "first") if scheme in schemes), "never")


def _steps(component: dict[str, Any] | None) -> list[dict[str, Any]]:
    if component is None:
        return []
    inner = component.get("normalizers") or component.get("pretokenizers")
    return [step for part in inner for step in _steps(part)] if inner else [component]


def _scheme(step: dict[str, Any]) -> str:
    if step["type"] == "Metaspace":
        return step.get("prepend_scheme", "always")
    return "always" if step["type"] == "Prepend" or step.get("add_prefix_space") else "never"


def _without_prefix(component: dict[str, Any] | None) -> dict[str, Any] | None:
    if component is None or component["type"] == "Prepend":
        return None
    for inner in ("normalizers", "pretokenizers"):
        if inner in component:
            kept = [_without_prefix(step) for step in component[inner]]
            return {**component, inner: [step for step in kept if step is not None]}
    if component["type"] == "Metaspace":
        return {**component, "prepend_scheme": "never"}
    return {**component, "add_prefix_space": False} if component.get("add_prefix_space") else component
