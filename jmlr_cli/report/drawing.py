"""What the pictures of a report share: a line for each evaluation, axes, a legend, and the figures in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.report.kept import Evaluation
from jmlr_cli.report.svg import label, page_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#2b7bba", "#c8501e", "#1b8a5a", "#9b5fb5", "#a37200", "#c2497a", "#5f7a8a", "#4a6fd0")
"""Each stands out by at least 3.8 : 1 from the page, in light and in dark (WCAG 2.2 asks 3 : 1 of graphics)."""

DIAGONAL = COLOURS[6]
MARKERS = "osD^vPX*"
WIDTH = 7.0
"""Inches of a picture: 72 units of its SVG each."""


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
    kept: Evaluation

    @property
    def name(self) -> str:
        return f"S{self.number} {label(self.kept.mode)}"

    @property
    def style(self) -> dict[str, Any]:
        # of every eight systems the colours are those of the eight before, the markers are not
        turn, place = divmod(self.number - 1, len(COLOURS))
        return {"color": COLOURS[place], "marker": MARKERS[(place + turn) % len(MARKERS)]}

    def values(self, of: Callable[[QuestionResult], float | None]) -> np.ndarray:
        """What is known of the questions: ``(n,)`` float."""
        return np.array([value for result in self.kept.results if (value := of(result)) is not None], dtype=float)


def new_axes(height: float) -> Axes:
    """The axes of a new figure, ``height`` in inches."""
    from matplotlib.figure import Figure

    axis = Figure(figsize=(WIDTH, height), layout="constrained").subplots()
    axis.grid(alpha=0.25)
    axis.set_axisbelow(True)
    return axis


def finished_picture(title: str, name: str, axis: Axes, lines: Sequence[Line], words: Sequence[str]) -> Picture:
    """The picture of a figure, with a legend of the evaluations in it. ``name`` tells it from the page's other pictures."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], linestyle="", label=line.name, **line.style) for line in lines]
    figure = cast("Figure", axis.figure)
    figure.legend(handles=handles, loc="outside upper left", ncols=5, frameon=False, handletextpad=0.2)
    return Picture(title, page_svg(figure, name, title), tuple(words))
