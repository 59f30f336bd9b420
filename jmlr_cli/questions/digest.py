"""What tells one question set from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from jmlr_cli.contracts.values import Question


def questions_digest(questions: Sequence[Question]) -> str:
    """The SHA-256 of questions as they were read, whatever file or hub they came from."""
    lines = (json.dumps(question, sort_keys=True, default=_as_dict) for question in questions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _as_dict(value: Any) -> dict[str, Any]:
    """A question, or what is in it, as JSON has it. ``dataclasses.asdict`` would copy its metadata, which cannot be copied."""
    return dict(value) if isinstance(value, Mapping) else {each.name: getattr(value, each.name) for each in fields(value)}
