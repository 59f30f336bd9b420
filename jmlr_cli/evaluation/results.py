"""What an evaluation found: of each question, and over all of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from jmlr_cli.evaluation.calibration import Calibration
from jmlr_cli.evaluation.figures import by_subset, calibration, figures
from jmlr_cli.evaluation.mean import Mean
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.retrieval import gold_measures
from jmlr_cli.evaluation.settings import Mode, Settings


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
        means = {name: Mean.accuracy(results) for name, results in by_subset(self.results).items()}
        return {name: mean for name, mean in means.items() if mean.n}

    @property
    def answer_nll(self) -> Mean:
        """The right answers' negative log-likelihood in nats per token, averaged over questions."""
        return Mean.of([result.answer_nll for result in self.results])

    @property
    def calibration(self) -> Calibration | None:
        """How far the confidence in the chosen options is their accuracy; None where options were not compared."""
        return calibration(self.results)

    @property
    def retrieval(self) -> dict[str, float]:
        """nDCG@10, R@1, R@5, R@20 and RR of the gold documents, over the ``n`` questions that have one. Empty without any."""
        return gold_measures([result.gold_rank for result in self.results if result.gold_rank is not None])

    def as_json(self) -> dict[str, Any]:
        """The object that ``jmlr eval --json`` prints, without what only the command knows."""
        return {
            "schema": "jmlr.eval/1",
            "status": "ok",
            "task": self.task,
            "mode": self.mode,
            **figures(self.results, self.settings),
            "settings": asdict(self.settings),
            "seconds": round(self.seconds, 3),
        }
