"""An evaluation's figures without the questions that leaked, and without the passages that they leaked from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from jmlr_cli.evaluation.results import Mean, QuestionResult

Leaks = Mapping[str, AbstractSet[str]]
"""The ids of the passages that hold each leaking question, by its id; none where only a training set holds it."""


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
