"""The pictures of a report, each with its figures in words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jmlr_cli.evaluation.settings import DEPTH
from jmlr_cli.report.drawing import DIAGONAL, Line, Picture, finished_picture, new_axes
from jmlr_cli.report.kept import Evaluation
from jmlr_cli.report.svg import SETTINGS, label

TOLD = (1, 5, DEPTH)
"""The depths of which recall is told in words, too."""

CROWD = 1000
"""So many points are drawn small."""

ALL = "all questions"


def draw_pictures(evaluations: Sequence[Evaluation]) -> list[Picture]:
    """Those pictures for which there is something to show."""
    import matplotlib as mpl

    lines = [Line(number, kept) for number, kept in enumerate(evaluations, start=1)]
    with mpl.rc_context(SETTINGS):
        drawn = [draw(lines) for draw in (accuracies, reliability, likelihoods, pairs, recalls)]
    return [picture for picture in drawn if picture]


def accuracies(lines: Sequence[Line]) -> Picture | None:
    """The accuracy of each system over all questions and in each subset, with its 95 % interval."""
    kept = [line for line in lines if _accuracies(line.kept)]
    if not kept:
        return None
    groups = list(dict.fromkeys(name for line in kept for name in _accuracies(line.kept)))
    axis = new_axes(0.9 + len(groups) * (0.12 + 0.16 * len(kept)))
    words = []
    for place, line in enumerate(kept):
        found = _accuracies(line.kept)
        at = [number + (place - (len(kept) - 1) / 2) * 0.8 / len(kept) for number, group in enumerate(groups) if group in found]
        values = np.array([found[group] for group in groups if group in found]) * 100
        bars = (values[:, 0] - values[:, 1], values[:, 2] - values[:, 0])
        axis.errorbar(
            values[:, 0], at, xerr=np.maximum(bars, 0), **line.style, linestyle="", elinewidth=1.5, capsize=2, markersize=5
        )
        words += [f"{line.name}, {group}: {_percents(*found[group])}" for group in groups if group in found]
    axis.set_yticks(range(len(groups)), [label(group) for group in groups])
    axis.set_ylim(len(groups) - 0.4, -0.6)
    axis.set_xlabel("accuracy, %, with its 95 % interval")
    return finished_picture("Accuracy by subset", "accuracy", axis, kept, words)


def reliability(lines: Sequence[Line]) -> Picture | None:
    """How often each system is right beside how sure it was, in bins of confidence; on the dashed line both are the same."""
    known = [(line, found) for line in lines if (found := line.kept.figures.calibration)]
    if not known:
        return None
    axis, words = new_axes(4.5), []
    axis.plot([0, 100], [0, 100], color=DIAGONAL, linewidth=0.8, linestyle="--")
    for line, found in known:
        bins = np.array([(each.confidence, each.accuracy, *each.ci95) for each in found.bins]) * 100
        bars = (bins[:, 1] - bins[:, 2], bins[:, 3] - bins[:, 1])
        axis.errorbar(bins[:, 0], bins[:, 1], yerr=np.maximum(bars, 0), **line.style, linewidth=1, capsize=2, markersize=4)
        points = "; ".join(f"sure {sure:.1f} %, right {right:.1f} %" for sure, right, *_ in bins)
        words.append(f"{line.name}: expected calibration error {found.ece:.3f}. {points}.")
    axis.set_xlabel("confidence in the chosen option, %")
    axis.set_ylabel("right, %, with its 95 % interval")
    axis.set_xlim(0, 102)
    axis.set_ylim(0, 102)
    return finished_picture("How far confidence can be trusted", "reliability", axis, [line for line, _ in known], words)


def likelihoods(lines: Sequence[Line]) -> Picture | None:
    """How the right answers' negative log-likelihoods are spread: the share of questions at or below each value."""
    known = [(line, values) for line in lines if (values := np.sort(line.values(lambda result: result.answer_nll))).size]
    if not known:
        return None
    axis = new_axes(3.0)
    for line, values in known:
        shares = np.arange(1, values.size + 1) / values.size * 100
        axis.step(values, shares, where="post", **line.style, markevery=max(1, values.size // 8), markersize=4)
    axis.set_xlabel("answer NLL, nats a token (less is better)")
    axis.set_ylabel("% of questions at or below")
    axis.set_ylim(0, 102)
    words = [f"{line.name}: {_quartiles(values)}" for line, values in known]
    return finished_picture("How likely the right answers are", "likelihood", axis, [line for line, _ in known], words)


def pairs(lines: Sequence[Line]) -> Picture | None:
    """Each question's answer NLL under the first system, and under every other one."""
    if len(lines) < 2:
        return None
    first = {result.id: result.answer_nll for result in lines[0].kept.results if result.answer_nll is not None}
    both = [(line, _beside(first, line.kept)) for line in lines[1:]]
    drawn = [(line, points) for line, points in both if points.size]
    if not drawn:
        return None
    axis = new_axes(4.5)
    ends = min(points.min() for _, points in drawn), max(points.max() for _, points in drawn)
    axis.plot(ends, ends, color=DIAGONAL, linewidth=0.8, linestyle="--")
    for line, points in drawn:
        size = 3 if len(points) < CROWD else 1.5
        axis.plot(points[:, 0], points[:, 1], linestyle="", **line.style, markersize=size, markeredgewidth=0, alpha=0.6)
    axis.set_xlabel(f"answer NLL of {lines[0].name}, nats a token")
    axis.set_ylabel("answer NLL of the others" if len(lines) > 2 else f"answer NLL of {lines[1].name}")
    words = [
        f"{line.name} gives the right answer a lower NLL than {lines[0].name} on {(points[:, 1] < points[:, 0]).sum()} "
        f"of {len(points)} questions, a higher one on {(points[:, 1] > points[:, 0]).sum()}."
        for line, points in drawn
    ]
    return finished_picture("Question by question, beside the first system", "pairs", axis, [line for line, _ in drawn], words)


def recalls(lines: Sequence[Line]) -> Picture | None:
    """The share of questions of which a passage of the gold document is among the first k retrieved."""
    known = [(line, ranks) for line in lines if (ranks := line.values(lambda result: result.gold_rank)).size]
    if not known:
        return None
    axis, words = new_axes(3.0), []
    for line, ranks in known:
        shares = [((ranks > 0) & (ranks <= k)).mean() * 100 for k in range(1, DEPTH + 1)]
        axis.plot(range(1, DEPTH + 1), shares, **line.style, markersize=4)
        told = ", ".join(f"R@{k} {shares[k - 1]:.1f} %" for k in TOLD)
        words.append(f"{line.name}: {told}, of {ranks.size} questions.")
    axis.set_xlabel("k, passages retrieved")
    axis.set_ylabel("R@k of the gold document, %")
    axis.set_xticks([1, *range(5, DEPTH + 1, 5)])
    axis.set_ylim(0, 102)
    return finished_picture("How deep the gold document is found", "recall", axis, [line for line, _ in known], words)


def _accuracies(kept: Evaluation) -> dict[str, tuple[float, float, float]]:
    """The accuracy and its bounds over all questions, and by subset."""
    groups = {ALL: kept.figures, **kept.figures.subsets}
    return {name: (each.accuracy, *each.ci95) for name, each in groups.items() if each.accuracy is not None and each.ci95}


def _beside(first: dict[str, float], other: Evaluation) -> np.ndarray:
    """The answer NLLs of the questions that both have, ``(n, 2)``: the first system's, the other's."""
    known = [(first[r.id], r.answer_nll) for r in other.results if r.answer_nll is not None and r.id in first]
    return np.array(known, dtype=float)


def _percents(value: float, low: float, high: float) -> str:
    return f"{value * 100:.1f} %, from {low * 100:.1f} to {high * 100:.1f}"


def _quartiles(values: np.ndarray) -> str:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"median {middle:.3f}, the middle half from {low:.3f} to {high:.3f}, mean {values.mean():.3f}"
