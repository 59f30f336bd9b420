"""What a report is made of: kept evaluations and comparisons, by name, folder or file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.evaluation.kept import LINES, RECORD, evaluation_names, kept_evaluation
from jmlr_cli.evaluation.result_lines import first_mistake
from jmlr_cli.report.figures import Comparison
from jmlr_cli.report.kept import Evaluation, read_kept, read_object
from jmlr_cli.workspace import Workspace

COMPARED = "jmlr.compare/1"
EVALUATED = "jmlr.eval/1"
NONE_YET = "There is none yet; `jmlr eval` keeps what it finds."


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison: its whole ``record``, and ``found``, what is shown of it."""

    record: dict[str, Any] = field(repr=False)
    found: Comparison


@dataclass(frozen=True, slots=True)
class Inputs:
    """Evaluations of one question set, the first of which others are seen against, and comparisons. ``gone`` are the
    evaluations that a comparison names and that are no longer in the workspace."""

    evaluations: tuple[Evaluation, ...]
    comparisons: tuple[Compared, ...]
    gone: tuple[str, ...] = ()


def read_inputs(names: Sequence[str]) -> Inputs:
    """What ``names`` name, and the evaluations that comparisons among them were made of; each thing once.

    Raises :class:`InputError` when there is no such thing, when two evaluations share a name, and when they did not ask the
    same questions; :class:`DamagedError` when one cannot be read.
    """
    places = list(dict.fromkeys(_place(name).resolve() for name in names))
    comparisons = tuple(_comparison(place) for place in places if place.name != RECORD)
    behind = {name: kept_evaluation(name).record_file.resolve() for name in _evaluations_of(comparisons)}
    records = dict.fromkeys([place for place in (*places, *behind.values()) if place.name == RECORD and place.is_file()])
    evaluations = tuple(read_kept(place.parent) for place in records)
    _check_names(evaluations)
    _check_same_questions(evaluations)
    return Inputs(evaluations, comparisons, tuple(name for name, place in behind.items() if not place.is_file()))


def kept_names() -> list[str]:
    """The names of the evaluations and the comparisons in the workspace, sorted."""
    return sorted([*evaluation_names(), *(path.stem for path in Workspace.current().comparisons.glob("*.json"))])


def _place(name: str) -> Path:
    """The JSON file that ``name`` means: itself, the one in the folder that it is, or the workspace's of that name."""
    at, given = Workspace.current(), Path(name).expanduser()
    if given.is_file():
        return _known_file(given)
    places = (given / RECORD, at.evaluations / name / RECORD, at.comparisons / f"{name}.json")
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise InputError(f"there is no evaluation or comparison {name!r}", _there_are(name))
    return found


def _there_are(name: str) -> str:
    names = kept_names()
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(names)}." if names else NONE_YET


def _known_file(path: Path) -> Path:
    """``path`` if it holds a comparison; the evaluation's record if it is a file of a kept evaluation."""
    if path.name in (RECORD, LINES) and (path.parent / RECORD).is_file():
        return path.parent / RECORD
    if path.suffix.lower() != ".json":
        hint = "Name an evaluation's folder, or a comparison's JSON file."
        raise InputError(f"{path} is neither an evaluation nor a comparison", hint)
    return path


def _comparison(path: Path) -> Compared:
    record = read_object(path)
    if record.get("schema") == EVALUATED:
        what = f"{path} holds an evaluation's figures without its questions' results"
        raise InputError(what, "Name the evaluation, or its folder in the workspace.")
    if record.get("schema") != COMPARED:
        raise InputError(f"{path} is no {COMPARED} but {record.get('schema')!r}", "Write a comparison with `jmlr compare`.")
    try:
        return Compared(record, Comparison.model_validate(record))
    except ValidationError as error:
        raise DamagedError(f"{path} is no whole comparison: {first_mistake(error)}", "Compare again: `jmlr compare`.") from None


def _evaluations_of(comparisons: Iterable[Compared]) -> Iterator[str]:
    """The names of the evaluations that comparisons were made of."""
    for comparison in comparisons:
        for system in comparison.found.systems:
            yield from system.evaluations


def _check_names(evaluations: Sequence[Evaluation]) -> None:
    names = [each.name for each in evaluations]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"two of the evaluations are named {twice!r}", "Name each of them once.")


def _check_same_questions(evaluations: Sequence[Evaluation]) -> None:
    for other in evaluations[1:]:
        first, second = evaluations[0].made_by.questions, other.made_by.questions
        if first.sha256 != second.sha256:
            raise InputError(
                f"{evaluations[0].name!r} and {other.name!r} asked different questions: {first.name} "
                f"(SHA-256 {first.sha256[:12]}…) and {second.name} ({second.sha256[:12]}…)",
                "Evaluate both on the same question file, or make a report of each.",
            )
