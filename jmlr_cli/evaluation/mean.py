"""A mean over questions with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jmlr_cli.evaluation.metrics import Interval, bootstrap_interval, wilson_interval
from jmlr_cli.evaluation.question_result import QuestionResult


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over ``n`` questions with its 95 % interval; no numbers when ``n`` is 0."""

    n: int
    value: float | None = None
    ci95: Interval | None = None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Mean:
        """The mean of the values that are known, with a bootstrap interval."""
        known = [value for value in values if value is not None]
        return cls(len(known), sum(known) / len(known), bootstrap_interval(known)) if known else cls(0)

    @classmethod
    def accuracy(cls, results: Sequence[QuestionResult]) -> Mean:
        """The share of option questions answered correctly, with Wilson's interval."""
        answers = [result.correct for result in results if result.correct is not None]
        return cls(len(answers), sum(answers) / len(answers), wilson_interval(sum(answers), len(answers))) if answers else cls(0)
