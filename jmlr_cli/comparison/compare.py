"""Evaluations of several systems become a table of figures, and one of differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jmlr_cli.comparison.contenders import Contender
from jmlr_cli.comparison.measures import Measure, measures_found
from jmlr_cli.comparison.pairs import SEEDS, Difference, differ
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.metrics import Interval, bootstrap_interval, wilson_interval
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.evaluation.seeds import mean_over_seeds
from jmlr_cli.evaluation.significance import holm


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of each question, and the name that the evaluation is kept by."""

    name: str
    results: tuple[QuestionResult, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A contender with the evaluation of each of its members, in their order."""

    contender: Contender
    evaluations: tuple[Evaluated, ...]

    def table(self, measure: Measure) -> np.ndarray:
        """The measure of each run and question, (R, n)."""
        return measure.table([each.results for each in self.evaluations])

    @property
    def ids(self) -> list[str]:
        return [result.id for result in self.evaluations[0].results]


@dataclass(frozen=True, slots=True)
class Figure:
    """A system's mean over the ``n`` questions that every one of its runs has the measure of, with its 95 % interval and
    where that comes from; ``by_run`` are its runs' own means."""

    n: int
    value: float
    ci95: Interval
    interval: str
    by_run: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """What two systems differ by in one measure; ``p_holm`` is corrected over all pairs and measures of the comparison."""

    a: str
    b: str
    measure: str
    found: Difference
    p_holm: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Systems on the same ``n`` questions. ``figures`` are each system's, by the measure's name."""

    n: int
    answered: tuple[Answered, ...]
    figures: tuple[dict[str, Figure], ...]
    pairs: tuple[Pair, ...]


def compared(answered: Sequence[Answered], wanted: Sequence[Measure] = ()) -> Comparison:
    """The comparison of systems by the ``wanted`` measures, or by the usual ones: every system with every one before it.

    Raises :class:`InputError` when they did not answer the same questions or have no measure in common.
    """
    check_same_questions(answered)
    measures = measures_found(wanted, [[each.results for each in system.evaluations] for system in answered])
    figures = tuple({m.name: found for m in measures if (found := figure(m, system.table(m)))} for system in answered)
    return Comparison(len(answered[0].ids), tuple(answered), figures, tuple(_pairs(answered, measures)))


def check_same_questions(answered: Sequence[Answered]) -> None:
    """Raise :class:`InputError`, which names the first two evaluations that differ, unless all have the same questions."""
    every = [each for system in answered for each in system.evaluations]
    for other in every[1:]:
        if [result.id for result in other.results] != [result.id for result in every[0].results]:
            what = f"{every[0].name} and {other.name} are not of the same questions"
            raise InputError(f"{what} ({len(every[0].results)} and {len(other.results)})", "Evaluate both on one question set.")


def figure(measure: Measure, table: np.ndarray) -> Figure | None:
    """A system's figure from its table, (R, n); None when no question (of several runs: not two) has the measure in every run.

    One run has Wilson's interval (binary) or the bootstrap's; several have one over seeds and questions, but for a binary
    measure that is the same everywhere: that tells no more than one run.
    """
    known = table[:, ~np.isnan(table).any(axis=0)]
    runs, n = known.shape
    if n < min(runs, 2):
        return None
    value, by_run = float(known.mean()), tuple(map(float, known.mean(axis=1)))
    if runs > 1 and not (measure.binary and np.ptp(known) == 0):
        low, high = mean_over_seeds(known).ci95
        return Figure(n, value, (max(0.0, low), min(measure.most, high)), SEEDS, by_run)
    if measure.binary:
        return Figure(n, value, wilson_interval(int(known[0].sum()), n), "Wilson", by_run)
    return Figure(n, value, bootstrap_interval(known[0]), "bootstrap", by_run)


def _pairs(answered: Sequence[Answered], measures: Sequence[Measure]) -> list[Pair]:
    found = []
    for measure in measures:
        tables = [system.table(measure) for system in answered]
        for before, after in combinations(range(len(answered)), 2):
            difference = differ(measure, tables[after], tables[before], answered[0].ids)
            if difference:
                found.append((answered[after].contender.name, answered[before].contender.name, measure.name, difference))
    corrected = holm([difference.p for *_, difference in found])
    return [Pair(*parts, p_holm) for parts, p_holm in zip(found, corrected, strict=True)]
