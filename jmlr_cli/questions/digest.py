"""Whether two question sets are the same, whatever files they came from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256

from jmlr_cli.contracts.values import Question


def questions_digest(questions: Iterable[Question]) -> str:
    """The SHA-256 of questions as they were read, in their order, in hexadecimal."""
    found = sha256()
    for question in questions:
        found.update(json.dumps(asdict(question), sort_keys=True, default=dict).encode() + b"\n")
    return found.hexdigest()
