"""An evaluation's figures without the questions that leaked, and without the passages that they leaked from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.result_lines import result_of
from jmlr_cli.evaluation.results import Mean, QuestionResult

Leaks = Mapping[str, AbstractSet[str]]
"""The ids of the passages that hold each leaking question, by its id; none where only a training set holds it."""

NEEDED = frozenset({"id", "correct", "answer_nll", "passages"})
HINT = "It must be what `jmlr eval --output FILE` wrote, or the name of a kept evaluation."


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some of an evaluation's questions."""

    n: int
    accuracy: Mean
    answer_nll: Mean
    f1: Mean

    @classmethod
    def of(cls, results: Sequence[QuestionResult]) -> Figures:
        return cls(
            len(results),
            Mean.accuracy(results),
            Mean.of([result.answer_nll for result in results]),
            Mean.of([result.f1 for result in results]),
        )

    def as_json(self) -> dict[str, Any]:
        """``n``, and each figure with its 95 % interval."""
        means = {"accuracy": self.accuracy, "answer_nll": self.answer_nll, "f1": self.f1}
        figures = {name: {"value": mean.value, "ci95": mean.ci95, "n": mean.n} for name, mean in means.items()}
        return {"n": self.n, **figures}


@dataclass(frozen=True, slots=True)
class WithoutLeaks:
    """An evaluation beside what is left of it.

    ``clean`` leaves the leaking questions out, ``leaking`` has them alone. ``unread`` has the questions whose prompt held no
    passage that leaks them: without those passages their prompts, and so their results, are the same. ``removed`` has all
    questions, those that did read one answered again without; None when that was not done.
    """

    every: Figures
    clean: Figures
    leaking: Figures
    unread: Figures
    removed: Figures | None = None

    def as_json(self) -> dict[str, Any]:
        names = {"all": self.every, "clean": self.clean, "leaking": self.leaking, "unread": self.unread, "removed": self.removed}
        return {name: figures.as_json() if figures else None for name, figures in names.items()}


def without_leaks(results: Sequence[QuestionResult], leaks: Leaks, again: Sequence[QuestionResult] | None = None) -> WithoutLeaks:
    """``results`` with and without the leaking questions and the passages that hold them. ``again`` are new results of those that
    read such a passage."""
    clean = [result for result in results if result.id not in leaks]
    leaking = [result for result in results if result.id in leaks]
    read = {result.id for result in readers(results, leaks)}
    unread = [result for result in results if result.id not in read]
    removed = None if again is None and read else Figures.of([*unread, *(again or ())])
    return WithoutLeaks(Figures.of(results), Figures.of(clean), Figures.of(leaking), Figures.of(unread), removed)


def readers(results: Iterable[QuestionResult], leaks: Leaks) -> list[QuestionResult]:
    """The results of questions whose prompt held a passage that holds the question."""
    return [result for result in results if not leaks.get(result.id, frozenset()).isdisjoint(result.passages)]


def read_results(file: Path) -> list[QuestionResult]:
    """The results in a file of JSON lines. Raises :class:`InputError`, which names the line."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({error})", HINT) from None
    found = [_result(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InputError(f"{file} holds no results", HINT)
    return found


def check_same_questions(results: Sequence[QuestionResult], ids: AbstractSet[str], name: str) -> None:
    """Raise :class:`InputError` when the results are of other questions than those with these ids."""
    other = next((result.id for result in results if result.id not in ids), None)
    if other is not None:
        raise InputError(
            f"the evaluation has a question {other!r}, which is not in {name}", "Audit the question set that was evaluated."
        )


def _result(line: str, place: str) -> QuestionResult:
    try:
        if lacking := NEEDED - json.loads(line).keys():
            raise ValueError(f"no {', '.join(sorted(lacking))}")
        return result_of(line)
    except (ValueError, AttributeError) as error:
        raise InputError(f"{place}: no question's result ({error})", HINT) from None
