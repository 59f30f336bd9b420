"""The file of rationales: whole lines, added one by one, each question once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from jmlr_cli.contracts.values import Question
from jmlr_cli.errors import InputError
from jmlr_cli.leakage.marks import DIGEST, QUESTION, mark
from jmlr_cli.lock import hold
from jmlr_cli.rationales.document import Rationale

HINT = "Name another file, or remove it."


class RationaleFile:
    """A file of rationales, open for adding to. ``models`` are the names of those that wrote what it held when it was opened."""

    def __init__(self, handle: BinaryIO, path: Path) -> None:
        self._handle = handle
        records = _whole_records(handle, path)
        self._done = {(record[QUESTION], record[DIGEST]) for record in records}
        self.models = {record["written_by"] for record in records if "written_by" in record}

    def has(self, question: Question) -> bool:
        """Whether the file holds this question's rationale."""
        marked = mark(question)
        return (marked[QUESTION], marked[DIGEST]) in self._done

    def add(self, rationale: Rationale) -> None:
        """Add a line. It is on the disk when the call returns."""
        self._handle.write((json.dumps(rationale.as_json(), ensure_ascii=False) + "\n").encode())
        self._handle.flush()
        os.fsync(self._handle.fileno())


@contextmanager
def open_rationales(path: Path) -> Iterator[RationaleFile]:
    """The file at ``path``, new or to be gone on with. A last line that was cut off is removed.

    Raises :class:`InputError` for a file that holds something else, and while another process adds to it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as handle:
        hold(handle, path.name)
        try:
            yield RationaleFile(handle, path)
        finally:
            if not path.stat().st_size:
                path.unlink()  # nothing was written: leave nothing behind


def _whole_records(handle: BinaryIO, path: Path) -> list[dict[str, Any]]:
    """The records in the file, which then ends behind the last whole line."""
    handle.seek(0)
    content = handle.read()
    whole = content[: content.rfind(b"\n") + 1]
    records = [_record(line, f"{path}, line {number}") for number, line in enumerate(whole.splitlines(), 1)]
    if len(whole) < len(content):
        handle.truncate(len(whole))
    return records


def _record(line: bytes, place: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not {QUESTION, DIGEST} <= record.keys():
        raise InputError(f"{place} holds no rationale", HINT)
    return record
