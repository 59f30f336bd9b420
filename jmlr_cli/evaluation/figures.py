"""An evaluation's figures, as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from jmlr_cli.evaluation.calibration import Calibration
from jmlr_cli.evaluation.mean import Mean
from jmlr_cli.evaluation.metrics import macro_interval
from jmlr_cli.evaluation.question_result import Citations, Contrast, QuestionResult
from jmlr_cli.evaluation.retrieval import gold_measures
from jmlr_cli.evaluation.settings import Settings

CONTRASTS = ("overlap", "rouge_l", "nll_rise")


def figures(results: Sequence[QuestionResult], settings: Settings) -> dict[str, Any]:
    """Every figure that is computed from the questions' results alone. What was not measured is null, or empty."""
    accuracy, nll, told = Mean.accuracy(results), mean_of(results, "answer_nll"), calibration(results)
    return {
        "n": len(results),
        "accuracy": accuracy.value,
        "ci95": accuracy.ci95,
        "subsets": {name: subset_figures(own) for name, own in by_subset(results).items()},
        "macro": macro_accuracy(by_subset(results)),
        "calibration": asdict(told) if told else None,
        "unparsable": sum(result.correct is False and result.chosen is None and not result.error for result in results),
        "answer_nll": nll.value,
        "answer_nll_ci95": nll.ci95,
        **written_figures(results),
        "retrieval": gold_measures([result.gold_rank for result in results if result.gold_rank is not None]),
        "rank_agreement": agreement_figures(results, settings),
        "citations": citation_figures([result.citations for result in results if result.citations]),
        "truncated": sum(result.cut_tokens > 0 for result in results),
        "unfit": sum(bool(result.error) for result in results),
    }


def by_subset(results: Sequence[QuestionResult]) -> dict[str, list[QuestionResult]]:
    """The results of each subset, by name; those without one are in none."""
    names = dict.fromkeys(result.subset for result in results if result.subset)
    return {name: [result for result in results if result.subset == name] for name in names}


def mean_of(results: Sequence[QuestionResult], name: str) -> Mean:
    """The mean of a field over the questions in which it was measured."""
    return Mean.of([getattr(result, name) for result in results])


def average(results: Sequence[QuestionResult], name: str) -> float | None:
    """As :func:`mean_of`, without an interval."""
    known = [value for result in results if (value := getattr(result, name)) is not None]
    return fmean(known) if known else None


def calibration(results: Sequence[QuestionResult]) -> Calibration | None:
    """How far the confidence in the chosen options is their accuracy; None where options were not compared."""
    told = [(result.nlls, result.correct) for result in results if result.nlls and result.correct is not None]
    return Calibration.of(told) if told else None


def written_figures(results: Sequence[QuestionResult]) -> dict[str, Any]:
    """What written free-text answers are worth."""
    f1, rouge = mean_of(results, "f1"), mean_of(results, "rouge_l")
    return {
        "exact_match": average(results, "exact_match"),
        "f1": f1.value,
        "f1_ci95": f1.ci95,
        "rouge_l": rouge.value,
        "rouge_l_ci95": rouge.ci95,
    }


def subset_figures(results: Sequence[QuestionResult]) -> dict[str, Any]:
    """One subset's own: accuracy where it has options, and the rest where it was measured."""
    accuracy = Mean.accuracy(results)
    means = {name: average(results, name) for name in ("answer_nll", "f1", "rouge_l")}
    known = {name: value for name, value in means.items() if value is not None}
    return {"n": len(results), "accuracy": accuracy.value, "ci95": accuracy.ci95, **known}


def macro_accuracy(subsets: Mapping[str, Sequence[QuestionResult]]) -> dict[str, Any] | None:
    """The mean of the subsets' accuracies, each counting alike; None where there are not two of them."""
    answers = [[r.correct for r in results if r.correct is not None] for results in subsets.values()]
    groups = [[float(answer) for answer in group] for group in answers if group]
    if len(groups) < 2:
        return None
    mean = sum(sum(group) / len(group) for group in groups) / len(groups)
    return {"accuracy": mean, "ci95": macro_interval(groups), "subsets": len(groups)}


def agreement_figures(results: Sequence[QuestionResult], settings: Settings) -> dict[str, Any] | None:
    """The mean rank agreement over the questions that have one."""
    mean = mean_of(results, "rank_agreement")
    return {"depth": settings.rank_agreement, "n": mean.n, "value": mean.value, "ci95": mean.ci95} if mean.n else None


def citation_figures(answers: Sequence[Citations]) -> dict[str, Any] | None:
    """What the citations of all answers are worth; None where they were not measured."""
    if not answers:
        return None
    sentences = sum(answer.sentences for answer in answers)
    return {
        "answers": len(answers),
        "cited_answers": sum(bool(answer.cited) for answer in answers),
        "cited_sentences": sum(answer.cited_sentences for answer in answers) / sentences if sentences else None,
        **{name: contrast_figures([getattr(answer, name) for answer in answers]) for name in CONTRASTS},
    }


def contrast_figures(contrasts: Sequence[Contrast]) -> dict[str, Any]:
    """The means over the answers that both cite a passage and leave one uncited, and how far apart the two sides are."""
    pairs = [(each.cited, each.uncited) for each in contrasts if each.cited is not None and each.uncited is not None]
    cited, uncited = Mean.of([one for one, _ in pairs]), Mean.of([other for _, other in pairs])
    apart = Mean.of([one - other for one, other in pairs])
    return {"n": apart.n, "cited": cited.value, "uncited": uncited.value, "difference": apart.value, "ci95": apart.ci95}
