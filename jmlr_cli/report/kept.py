"""A kept evaluation, read back: its record, and what came of each question."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.evaluation.kept import LINES, RECORD, Kept
from jmlr_cli.evaluation.result_lines import first_mistake, parsed
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.report.figures import Figures, Shown

AGAIN = "Run the same `jmlr eval` again."


class AskedSet(Shown):
    """The question set that an evaluation asked. ``sha256`` tells whether two evaluations asked the same."""

    name: str
    source: str = ""
    sha256: str


class ReadIndex(Shown):
    """The index that an evaluation read."""

    name: str


class MadeBy(Shown):
    """What made an evaluation, as far as a report needs to find texts again."""

    questions: AskedSet
    index: ReadIndex | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation that was finished and kept. ``record`` is the whole ``evaluation.json``, ``figures`` what is shown of it;
    ``run`` is the run that was evaluated, None when it was a recipe as it stands."""

    name: str
    record: dict[str, Any] = field(repr=False)
    figures: Figures = field(repr=False)
    made_by: MadeBy
    run: str | None
    results: tuple[QuestionResult, ...] = field(repr=False)

    @property
    def mode(self) -> str:
        return self.figures.mode


class Header(Shown):
    """What a kept evaluation's record must hold beside its figures."""

    made_by: MadeBy
    run: str | None = None


def read_kept(folder: Path) -> Evaluation:
    """The evaluation that is kept in ``folder``.

    Raises :class:`InputError` when it is not finished, and :class:`DamagedError`, which names the file and the line,
    when something in it cannot be read.
    """
    path = folder / RECORD
    record = read_object(path)
    name = str(record.get("evaluation") or folder.name)
    if record.get("status") != "ok":
        raise InputError(f"the evaluation {name!r} is {record.get('status') or 'not finished'}", f"{AGAIN} It goes on.")
    try:
        header, figures = Header.model_validate(record), Figures.model_validate(record)
    except ValidationError as error:
        raise DamagedError(f"{path} is no whole record of an evaluation: {first_mistake(error)}", AGAIN) from None
    results = tuple(Kept(folder).results())
    if len(results) != figures.n:
        raise DamagedError(f"{folder / LINES} holds {len(results)} results, and {RECORD} counts {figures.n}", AGAIN)
    return Evaluation(name, record, figures, header.made_by, header.run, results)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. What is no number in JSON (NaN, Infinity) becomes null. Raises :class:`DamagedError`."""
    try:
        value = parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path} cannot be read: {error}", "Make it again.") from None
    if not isinstance(value, dict):
        raise DamagedError(f"{path} holds no JSON object", "Make it again.")
    return value
