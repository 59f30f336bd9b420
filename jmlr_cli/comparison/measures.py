"""What is compared: figures that each question has of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.evaluation.results import QuestionResult

Read = Callable[[QuestionResult], float | None]


@dataclass(frozen=True, slots=True)
class Measure:
    """A question's figure, None where it has none. ``binary``: it is 1 or 0. ``higher``: more is better, and 1 is the most; the
    others have no bound but 0."""

    name: str
    read: Read
    binary: bool = True
    higher: bool = True

    @property
    def most(self) -> float:
        """The greatest value that it can take; the least is 0."""
        return 1.0 if self.higher else math.inf

    def table(self, runs: Sequence[Sequence[QuestionResult]]) -> np.ndarray:
        """The figures of R runs on n questions, (R, n) float64; not a number where there is none."""
        return np.array([[self.read(result) for result in results] for results in runs], dtype=np.float64)


def _correct(result: QuestionResult) -> float | None:
    return None if result.correct is None else float(result.correct)


def _of_gold_rank(gain: Callable[[int], float]) -> Read:
    """What the gold document's rank is worth, 0 where it was not retrieved."""

    def read(result: QuestionResult) -> float | None:
        rank = result.gold_rank
        return None if rank is None else gain(rank) if rank else 0.0

    return read


def _recall(k: int) -> Read:
    return _of_gold_rank(lambda rank: float(rank <= k))


def _ndcg(k: int) -> Read:
    """nDCG of a single gold document (Järvelin and Kekäläinen 2002): the discount at its rank is all that there is to gain."""
    return _of_gold_rank(lambda rank: 1 / math.log2(1 + rank) if rank <= k else 0.0)


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("accuracy", _correct),
        Measure("answer_nll", lambda result: result.answer_nll, binary=False, higher=False),
        Measure("exact_match", lambda result: result.exact_match),
        Measure("f1", lambda result: result.f1, binary=False),
        Measure("rouge_l", lambda result: result.rouge_l, binary=False),
        Measure("R@1", _recall(1)),
        Measure("R@5", _recall(5)),
        Measure("R@20", _recall(20)),
        Measure("nDCG@10", _ndcg(10), binary=False),
        Measure("RR", _of_gold_rank(lambda rank: 1 / rank), binary=False),
        Measure("rank_agreement", lambda result: result.rank_agreement, binary=False),
    )
}
USUAL = ("accuracy", "answer_nll", "f1")
"""What is compared when nothing is named, where the questions have it."""


def measures_named(names: Sequence[str]) -> tuple[Measure, ...]:
    """The measures of these names, each once. Raises :class:`UsageError` for one that is not known."""
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise UsageError(f"there is no measure {unknown[0]!r}", f"There are: {', '.join(MEASURES)}.")
    return tuple(MEASURES[name] for name in dict.fromkeys(names))


def measures_found(wanted: Sequence[Measure], systems: Sequence[Sequence[Sequence[QuestionResult]]]) -> tuple[Measure, ...]:
    """``wanted``, or without any the usual ones, of which two systems at least have figures.

    Raises :class:`InputError` when one that was named, or every usual one, is not to be had.
    """

    def comparable(measure: Measure) -> bool:
        return sum(any(measure.read(result) is not None for result in runs[0]) for runs in systems) > 1

    lacking = [measure.name for measure in wanted if not comparable(measure)]
    found = tuple(filter(comparable, wanted or measures_named(USUAL)))
    if lacking or not found:
        what = f"no two of the systems have {lacking[0] if lacking else 'a common figure'} on these questions"
        hint = "R@k, nDCG@10 and RR need mode rag and questions whose document is known, f1 written answers."
        raise InputError(what, f"{hint} What was trained and evaluated is kept.")
    return found
