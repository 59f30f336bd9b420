"""JSON lines: BEIR's corpus, and the like of Pyserini and MedRAG."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from jmlr_cli.contracts.values import Document
from jmlr_plugins.readers.metadata import plain_metadata
from jmlr_plugins.readers.records import RecordReader, record

ID_KEYS = ("_id", "id")
TEXT_KEYS = ("text", "content", "contents", "clean_text")
"""In order: MedRAG's ``contents`` is its title and ``content`` once more; ``clean_text`` is Meditron's guidelines'."""
READ = ("title", *ID_KEYS, *TEXT_KEYS)


class JSONLinesReader(RecordReader):
    """Reads ``.jsonl``: an object a line with ``_id`` (or ``id``), ``text`` (or ``content``, ``contents``, ``clean_text``) and
    perhaps ``title``. Its other texts and numbers, lists of them, and those of ``metadata`` become metadata."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)

    def document(self, line: str, number: int) -> Document:
        values = _parsed(line)
        id = _first(values, ID_KEYS)
        text = _first(values, TEXT_KEYS)
        nested = values.get("metadata")
        others = values | (nested if isinstance(nested, dict) else {})
        metadata = plain_metadata({key: value for key, value in others.items() if key not in READ})
        return record(id, str(values.get("title") or ""), text, metadata)


def _parsed(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg}, column {error.colno})") from error
    if not isinstance(values, dict):
        raise ValueError("no JSON object")
    return values


def _first(values: dict[str, Any], keys: tuple[str, ...]) -> str:
    key = next((key for key in keys if isinstance(values.get(key), str | int)), None)
    if key is None:
        raise ValueError(f"no {keys[0]!r}")
    return str(values[key])
