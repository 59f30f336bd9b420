"""The JSON of a question file becomes records, however deep they are nested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jmlr_cli.errors import InputError
from jmlr_cli.questions.files import JsonLines
from jmlr_cli.questions.record import Record, whole_characters

EXPECTED = (
    "Expected are JSON lines or a JSON list with 'question' and either 'options' + 'answer_idx' or 'answer'; or a file of MedQA, "
    "MedMCQA, MMLU, PubMedQA, BioASQ or MIRAGE; or records with 'input', 'output' and 'doc'."
)


def records_of(value: JsonLines | Any, source: str) -> list[Record]:
    """The records in a parsed file. Raises :class:`InputError` where a value is not a record."""
    if isinstance(value, JsonLines):
        return [_record(fields, f"{source}, line {number}", number) for number, fields in value.values]
    if isinstance(value, dict) and isinstance(value.get("questions"), list):  # BioASQ
        value = value["questions"]
    if isinstance(value, list):
        return [_record(fields, f"{source}, record {number}", number) for number, fields in enumerate(value, start=1)]
    if isinstance(value, dict):
        return [_record(value, f"{source}, line 1", 1)] if _is_record(value) else _keyed(value, source)
    raise InputError(f"{source} holds a JSON {type(value).__name__}, not questions", EXPECTED)


def _keyed(value: Mapping[str, Any], source: str) -> list[Record]:
    """Records under their ids (PubMedQA), or under their data set's name and their ids (MIRAGE)."""
    grouped = {"": value} if all(map(_is_record, value.values())) else value
    found: list[Record] = []
    for subset, group in grouped.items():
        if not isinstance(group, dict):
            raise InputError(f"{source}: {subset!r} holds no questions", EXPECTED)
        for key, fields in group.items():
            place = f"{source}, {subset} record {key!r}" if subset else f"{source}, record {key!r}"
            record = _record(fields, place, len(found) + 1)
            found.append(replace(record, key=whole_characters(key), subset=whole_characters(subset)))
    return _qualified(found)


def _qualified(records: list[Record]) -> list[Record]:
    """The records, those whose id stands in more than one subset with the subset before it."""
    counts = Counter(record.key for record in records)
    return [replace(record, key=f"{record.subset}/{record.key}") if counts[record.key] > 1 else record for record in records]


def _record(fields: Any, place: str, number: int) -> Record:
    if not isinstance(fields, dict):
        raise InputError(f"{place}: a JSON object is expected, not {type(fields).__name__}", EXPECTED)
    return Record(place, number, fields)


def _is_record(value: Any) -> bool:
    """Whether ``value`` is an object whose values are not all objects themselves."""
    return isinstance(value, dict) and not all(isinstance(inner, dict) for inner in value.values())
