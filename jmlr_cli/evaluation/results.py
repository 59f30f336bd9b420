"""What an evaluation found: of each question, and over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jmlr_cli.evaluation.metrics import Interval, bootstrap_interval, wilson_interval
from jmlr_cli.evaluation.settings import DEPTH, Mode, Settings

RECALL_DEPTHS = (1, 5, DEPTH)


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came of one question.

    ``chosen`` and ``right`` are option labels; ``correct`` is None for a free-text question. ``nlls`` are the
    options' negative log-likelihoods as they were compared, ``answer_nll`` the right answer's, in nats per
    token. ``passages`` are the ids of those read, worst first. ``error`` says why nothing was measured,
    and is "" otherwise.
    """

    id: str
    subset: str = ""
    chosen: str | None = None
    right: str | None = None
    correct: bool | None = None
    nlls: tuple[float, ...] = ()
    answer_nll: float | None = None
    generated: str | None = None
    exact_match: float | None = None
    f1: float | None = None
    passages: tuple[str, ...] = ()
    gold_rank: int | None = None
    cut_tokens: int = 0
    error: str = ""


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


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A question set's results in one mode, and how long they took."""

    task: str
    mode: Mode
    settings: Settings
    results: tuple[QuestionResult, ...] = field(repr=False)
    seconds: float = 0.0

    @property
    def accuracy(self) -> Mean:
        """Over the option questions; one whose prompt did not fit or whose answer could not be read is wrong."""
        return Mean.accuracy(self.results)

    @property
    def subsets(self) -> dict[str, Mean]:
        """The accuracy of each subset of option questions, by name."""
        names = dict.fromkeys(result.subset for result in self.results if result.subset)
        means = {name: Mean.accuracy([result for result in self.results if result.subset == name]) for name in names}
        return {name: mean for name, mean in means.items() if mean.n}

    @property
    def answer_nll(self) -> Mean:
        """The right answers' negative log-likelihood in nats per token, averaged over questions."""
        return Mean.of([result.answer_nll for result in self.results])

    @property
    def retrieval(self) -> dict[str, float]:
        """R@1, R@5 and R@20: the share of questions with a known gold document of which a passage is among the
        first so many retrieved; RR: one over the first such passage's rank, averaged. Empty when none is known."""
        ranks = [result.gold_rank for result in self.results if result.gold_rank is not None]
        if not ranks:
            return {}
        recalls = {f"R@{k}": sum(0 < rank <= k for rank in ranks) / len(ranks) for k in RECALL_DEPTHS}
        return {**recalls, "RR": sum(1 / rank for rank in ranks if rank) / len(ranks), "n": len(ranks)}

    def as_json(self) -> dict[str, Any]:
        """The object that ``jmlr eval --json`` prints, without what only the command knows."""
        nll, f1 = self.answer_nll, Mean.of([result.f1 for result in self.results])
        return {
            "schema": "jmlr.eval/1",
            "status": "ok",
            "task": self.task,
            "mode": self.mode,
            "n": len(self.results),
            "accuracy": self.accuracy.value,
            "ci95": self.accuracy.ci95,
            "subsets": {name: {"n": mean.n, "accuracy": mean.value, "ci95": mean.ci95} for name, mean in self.subsets.items()},
            "unparsable": sum(result.correct is False and result.chosen is None and not result.error for result in self.results),
            "answer_nll": nll.value,
            "answer_nll_ci95": nll.ci95,
            "exact_match": Mean.of([result.exact_match for result in self.results]).value,
            "f1": f1.value,
            "f1_ci95": f1.ci95,
            "retrieval": self.retrieval,
            "truncated": sum(result.cut_tokens > 0 for result in self.results),
            "unfit": sum(bool(result.error) for result in self.results),
            "settings": asdict(self.settings),
            "seconds": round(self.seconds, 3),
        }
