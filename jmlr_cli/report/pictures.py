"""The pictures of a report, each with its figures in words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from jmlr_cli.evaluation.results import RECALL_DEPTHS, QuestionResult
from jmlr_cli.report.kept import Kept
from jmlr_cli.report.svg import SETTINGS, label, page_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#2b7bba", "#c8501e", "#1b8a5a", "#9b5fb5", "#a37200", "#c2497a", "#5f7a8a", "#4a6fd0")
"""Each stands out by at least 3.8 : 1 from the page, in light and in dark (WCAG 2.2 asks 3 : 1 of graphics)."""

MARKERS = "osD^vPX*"
WIDTH = 7.0
"""Inches of a picture: 72 units of its SVG each."""

DEEPEST = RECALL_DEPTHS[-1]
CROWD = 1000
"""So many points are drawn small."""

ALL = "all questions"


@dataclass(frozen=True, slots=True)
class Picture:
    """An ``<svg>`` element, what it shows, and what is to be read off it."""

    title: str
    svg: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An evaluation as the pictures show it: by its number on the page, in one colour and with one marker."""

    number: int
    kept: Kept

    @property
    def name(self) -> str:
        return f"S{self.number} {label(self.kept.mode)}"

    @property
    def style(self) -> dict[str, Any]:
        return {"color": COLOURS[(self.number - 1) % len(COLOURS)], "marker": MARKERS[(self.number - 1) % len(MARKERS)]}

    def values(self, of: Callable[[QuestionResult], float | None]) -> np.ndarray:
        """What is known of the questions: ``(n,)`` float."""
        return np.array([value for result in self.kept.results if (value := of(result)) is not None], dtype=float)


def draw_pictures(evaluations: Sequence[Kept]) -> list[Picture]:
    """Those pictures for which there is something to show."""
    import matplotlib as mpl

    lines = [Line(number, kept) for number, kept in enumerate(evaluations, start=1)]
    with mpl.rc_context(SETTINGS):
        drawn = [draw(lines) for draw in (accuracies, reliability, likelihoods, pairs, recalls)]
    return [picture for picture in drawn if picture]


def accuracies(lines: Sequence[Line]) -> Picture | None:
    """The accuracy of each system over all questions and in each subset, with its 95 % interval."""
    kept = [line for line in lines if line.kept.record.get("accuracy") is not None]
    if not kept:
        return None
    groups = list(dict.fromkeys(name for line in kept for name in _accuracies(line.kept)))
    axis = _axes(0.9 + len(groups) * (0.12 + 0.16 * len(kept)))
    words = []
    for place, line in enumerate(kept):
        found = _accuracies(line.kept)
        at = [number + (place - (len(kept) - 1) / 2) * 0.8 / len(kept) for number, group in enumerate(groups) if group in found]
        values = np.array([found[group] for group in groups if group in found]) * 100
        bars = (values[:, 0] - values[:, 1], values[:, 2] - values[:, 0])
        axis.errorbar(values[:, 0], at, xerr=bars, fmt=line.style["marker"], color=line.style["color"], capsize=2, markersize=5)
        words += [f"{line.name}, {group}: {_percents(*found[group])}" for group in groups if group in found]
    axis.set_yticks(range(len(groups)), [label(group) for group in groups])
    axis.set_ylim(len(groups) - 0.4, -0.6)
    axis.set_xlabel("accuracy, %, with its 95 % interval")
    return _picture("Accuracy by subset", "accuracy", axis, kept, words)


def reliability(lines: Sequence[Line]) -> Picture | None:
    """How often each system is right beside how sure it was, in bins of confidence; on the dashed line both are the same."""
    known = [line for line in lines if line.kept.record.get("calibration")]
    if not known:
        return None
    axis, words = _axes(4.5), []
    axis.plot([0, 100], [0, 100], color=COLOURS[6], linewidth=0.8, linestyle="--")
    for line in known:
        told = line.kept.record["calibration"]
        bins = np.array([(each["confidence"], each["accuracy"], *each["ci95"]) for each in told["bins"]]) * 100
        bars = (bins[:, 1] - bins[:, 2], bins[:, 3] - bins[:, 1])
        axis.errorbar(bins[:, 0], bins[:, 1], yerr=np.maximum(bars, 0), **line.style, linewidth=1, capsize=2, markersize=4)
        points = "; ".join(f"sure {sure:.1f} %, right {right:.1f} %" for sure, right, *_ in bins)
        words.append(f"{line.name}: expected calibration error {told['ece']:.3f}. {points}.")
    axis.set_xlabel("confidence in the chosen option, %")
    axis.set_ylabel("right, %, with its 95 % interval")
    axis.set_xlim(0, 102)
    axis.set_ylim(0, 102)
    return _picture("How far confidence can be trusted", "reliability", axis, known, words)


def likelihoods(lines: Sequence[Line]) -> Picture | None:
    """How the right answers' negative log-likelihoods are spread: the share of questions at or below each value."""
    known = [(line, values) for line in lines if (values := np.sort(line.values(lambda result: result.answer_nll))).size]
    if not known:
        return None
    axis = _axes(3.0)
    for line, values in known:
        shares = np.arange(1, values.size + 1) / values.size * 100
        axis.step(values, shares, where="post", **line.style, markevery=max(1, values.size // 8), markersize=4)
    axis.set_xlabel("answer NLL, nats a token (less is better)")
    axis.set_ylabel("% of questions at or below")
    axis.set_ylim(0, 102)
    words = [f"{line.name}: {_quartiles(values)}" for line, values in known]
    return _picture("How likely the right answers are", "likelihood", axis, [line for line, _ in known], words)


def pairs(lines: Sequence[Line]) -> Picture | None:
    """Each question's answer NLL under the first system, and under every other one."""
    if len(lines) < 2:
        return None
    first = {result.id: result.answer_nll for result in lines[0].kept.results if result.answer_nll is not None}
    both = [(line, _beside(first, line.kept)) for line in lines[1:]]
    drawn = [(line, points) for line, points in both if points.size]
    if not drawn:
        return None
    axis = _axes(4.5)
    top = max(points.max() for _, points in drawn) * 1.03
    axis.plot([0, top], [0, top], color=COLOURS[6], linewidth=0.8, linestyle="--")
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
    return _picture("Question by question, beside the first system", "pairs", axis, [line for line, _ in drawn], words)


def recalls(lines: Sequence[Line]) -> Picture | None:
    """The share of questions of which a passage of the gold document is among the first k retrieved."""
    known = [(line, ranks) for line in lines if (ranks := line.values(lambda result: result.gold_rank)).size]
    if not known:
        return None
    axis, words = _axes(3.0), []
    for line, ranks in known:
        shares = [((ranks > 0) & (ranks <= k)).mean() * 100 for k in range(1, DEEPEST + 1)]
        axis.plot(range(1, DEEPEST + 1), shares, **line.style, markersize=4)
        told = ", ".join(f"R@{k} {shares[k - 1]:.1f} %" for k in RECALL_DEPTHS)
        words.append(f"{line.name}: {told}, of {ranks.size} questions.")
    axis.set_xlabel("k, passages retrieved")
    axis.set_ylabel("R@k of the gold document, %")
    axis.set_xticks([1, *range(5, DEEPEST + 1, 5)])
    axis.set_ylim(0, 102)
    return _picture("How deep the gold document is found", "recall", axis, [line for line, _ in known], words)


def _axes(height: float) -> Axes:
    from matplotlib.figure import Figure

    axis = Figure(figsize=(WIDTH, height), layout="constrained").subplots()
    axis.grid(alpha=0.25)
    axis.set_axisbelow(True)
    return axis


def _picture(title: str, name: str, axis: Axes, lines: Sequence[Line], words: Sequence[str]) -> Picture:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linestyle="", label=line.name, **line.style) for line in lines]
    figure = cast("Figure", axis.figure)
    figure.legend(handles=handles, loc="outside upper left", ncols=5, frameon=False, handletextpad=0.2)
    return Picture(title, page_svg(figure, name, title), tuple(words))


def _accuracies(kept: Kept) -> dict[str, tuple[float, float, float]]:
    """The accuracy and its bounds over all questions, and by subset."""
    groups = {ALL: kept.record, **(kept.record.get("subsets") or {})}
    return {name: (each["accuracy"], *each["ci95"]) for name, each in groups.items() if each["accuracy"] is not None}


def _beside(first: dict[str, float], other: Kept) -> np.ndarray:
    """The answer NLLs of the questions that both have, ``(n, 2)``: the first system's, the other's."""
    known = [(first[r.id], r.answer_nll) for r in other.results if r.answer_nll is not None and r.id in first]
    return np.array(known, dtype=float)


def _percents(value: float, low: float, high: float) -> str:
    return f"{value * 100:.1f} %, from {low * 100:.1f} to {high * 100:.1f}"


def _quartiles(values: np.ndarray) -> str:
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"median {middle:.3f}, the middle half from {low:.3f} to {high:.3f}, mean {values.mean():.3f}"
