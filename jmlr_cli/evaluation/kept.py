"""The evaluations that the workspace keeps, each in a folder of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.result_lines import result_of
from jmlr_cli.workspace import Workspace, checked_name

RECORD, LINES = "evaluation.json", "results.jsonl"

AGAIN = "Measure once more: jmlr eval … --again"


@dataclass(frozen=True, slots=True)
class Kept:
    """An evaluation's folder. ``results.jsonl`` grows by a line a question; ``evaluation.json`` says ``unfinished`` until
    the last one is there, and then holds the figures."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def record_file(self) -> Path:
        return self.folder / RECORD

    @property
    def lines(self) -> Path:
        return self.folder / LINES

    @property
    def reliability(self) -> Path:
        """The picture of its calibration, where options were compared."""
        return self.folder / "reliability.png"

    def record(self) -> dict[str, Any]:
        """The object of ``evaluation.json``; empty before there is one. Raises :class:`DamagedError` when it cannot be read."""
        try:
            record = json.loads(self.record_file.read_text(encoding="utf-8"))
            if not isinstance(record, dict):
                raise ValueError("no object")
            return record
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DamagedError(f"the evaluation {self.name!r} cannot be read ({type(error).__name__})", AGAIN) from None

    @property
    def finished(self) -> bool:
        return self.record().get("status") == "ok"

    def results(self) -> list[QuestionResult]:
        """What came of each question so far, in order. Raises :class:`DamagedError` for a line that is no result."""
        return [self._result(number, line) for number, line in enumerate(self.whole_lines(), start=1)]

    def whole_lines(self) -> list[bytes]:
        """The lines that were written to their end: a last one may have been cut off."""
        return self.lines.read_bytes().split(b"\n")[:-1] if self.lines.exists() else []

    def _result(self, number: int, line: bytes) -> QuestionResult:
        try:
            return result_of(line)
        except ValueError as error:
            raise DamagedError(f"{self.lines}, line {number}: no question's result: {error}", AGAIN) from None


def kept_evaluation(name: str) -> Kept:
    """The folder of an evaluation, whether or not it is there."""
    return Kept(Workspace.current().evaluations / checked_name(name, "an evaluation"))


def open_evaluation(name: str) -> Kept:
    """The evaluation called ``name``. Raises :class:`InputError` when there is none."""
    kept = kept_evaluation(name)
    if not kept.record():
        known = ", ".join(evaluation_names()) or "none yet; jmlr eval makes one"
        raise InputError(f"there is no evaluation {name!r}", f"Evaluations: {known}.")
    return kept


def evaluation_names() -> list[str]:
    """The names of all evaluations, sorted."""
    return sorted(path.parent.name for path in Workspace.current().evaluations.glob(f"*/{RECORD}"))
