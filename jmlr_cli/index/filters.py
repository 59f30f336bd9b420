"""Which passages of an index pass a filter, by SQL on its passage file."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence

from jmlr_cli.contracts.filters import Condition, is_date, is_number
from jmlr_cli.errors import InputError
from jmlr_cli.index.passages import PassageStore

OWN = ("document", "title")
"""Keys that are columns of their own, not metadata."""

SHOWN = 5
LONGEST = 40
"""Characters of a value that a hint shows."""

PATTERN = re.compile(r"\\\*|.", re.DOTALL)
LITERAL = {"\\*": "[*]", "?": "[?]", "[": "[[]"}
YEAR = "[0-9][0-9][0-9][0-9]"

Clause = tuple[str, list[object]]
"""A condition in SQL, and what stands for its question marks."""


def passing(store: PassageStore, where: Sequence[Condition], index: str) -> frozenset[str]:
    """The ids of the passages that fulfil every condition. ``index`` is the index's name, for the errors.

    Raises :class:`InputError` when no passage has a condition's key, and when no passage passes.
    """
    for condition in where:
        _check_key(store, condition.key, index)
    clauses = [_clause(condition) for condition in where]
    query = f"SELECT id FROM passages WHERE {' AND '.join(sql for sql, _ in clauses)}"
    found = frozenset(row[0] for row in store.select(query, [value for _, values in clauses for value in values]))
    if not found:
        raise InputError(
            f"no passage of the index {index!r} passes {' and '.join(map(str, where))}", _values(store, where[0].key)
        )
    return found


def _clause(condition: Condition) -> Clause:
    if condition.operator in ("=", "!="):
        test, bound = _one_of(condition.values)
    else:
        test, bound = _compared(condition.operator, condition.values[0])
    if condition.key in OWN:
        sql = test.format(value=condition.key)
    else:
        sql = f"EXISTS (SELECT 1 FROM json_each(metadata) AS own WHERE own.key = ? AND {test.format(value='own.value')})"
        bound = [condition.key, *bound]
    return (f"NOT {sql}" if condition.operator == "!=" else sql), bound


def _one_of(values: Sequence[str]) -> Clause:
    """The test for any of the values, however many: those without a wildcard are looked up, the others matched one by one."""
    found = [PATTERN.findall(value) for value in values]
    plain = ["".join("*" if part == "\\*" else part for part in parts) for parts in found if "*" not in parts]
    globs = ["".join(LITERAL.get(part, part) for part in parts) for parts in found if "*" in parts]
    is_plain = "{value} IN (SELECT value FROM json_each(?))"
    matches = "EXISTS (SELECT 1 FROM json_each(?) AS wanted WHERE {value} GLOB wanted.value)"
    return f"({is_plain} OR {matches})", [json.dumps(plain), json.dumps(globs)]


def _compared(operator: str, bound: str) -> Clause:
    """The test for a bound, which a year makes both a number and a date: numbers compare as such, dates as text."""
    tests: list[str] = []
    values: list[object] = []
    if is_number(bound):
        number = "CASE WHEN json_valid({value}) THEN json_type({value}) IN ('integer', 'real') END"
        tests.append(f"CASE WHEN {number} THEN CAST({{value}} AS REAL) {operator} ? END")
        values.append(float(bound))
    if is_date(bound):
        date = f"{{value}} GLOB '{YEAR}' OR {{value}} GLOB '{YEAR}-[0-9][0-9]*'"
        tests.append(f"CASE WHEN {date} THEN substr({{value}}, 1, ?) {operator} substr(?, 1, length({{value}})) END")
        values += [len(bound), bound]
    return f"({' OR '.join(tests)})", values


def _check_key(store: PassageStore, key: str, index: str) -> None:
    query = "SELECT 1 FROM passages WHERE EXISTS (SELECT 1 FROM json_each(metadata) WHERE key = ?) LIMIT 1"
    if key in OWN or list(store.select(query, [key])):
        return
    keys = [*OWN, *(row[0] for row in store.select("SELECT DISTINCT key FROM passages, json_each(metadata) ORDER BY key"))]
    close = difflib.get_close_matches(key, keys, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    raise InputError(f"no passage of the index {index!r} has the key {key!r}", f"{hint}Its keys: {', '.join(keys)}.")


def _values(store: PassageStore, key: str) -> str:
    """What a key holds most often, as a hint."""
    each = (
        f"SELECT {key} AS value FROM passages" if key in OWN else "SELECT value FROM passages, json_each(metadata) WHERE key = ?"
    )
    query = f"SELECT value FROM ({each}) GROUP BY value ORDER BY count(*) DESC, value LIMIT {SHOWN + 1}"
    found = [_short(str(row[0])) for row in store.select(query, [] if key in OWN else [key])]
    more = ", ..." if len(found) > SHOWN else ""
    return f"{key} is, for example: {', '.join(found[:SHOWN])}{more}" + ("" if more else ".")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
