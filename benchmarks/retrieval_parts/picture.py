"""Recall against latency, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas
from pictures import save

from retrieval_parts.colbert import DEPTH, GOAL_MS, GOAL_OVERLAP
from retrieval_parts.figures import Found


def draw_curve(path: Path, found: Sequence[Found]) -> None:
    """Write the settings' overlap with exact search by the median latency of a query, one line a corpus."""
    canvas = Canvas(figsize=(7, 4.2), layout="constrained")
    axis = canvas.subplots()
    for number, each in enumerate(found):
        kind = ", generated" if "generated" in each.about else ""
        _draw(axis, each.details, f"{each.details['passages']:,} passages{kind}", f"C{number}")
    _name_points(axis, found[0].details["points"])
    axis.plot([GOAL_MS], [GOAL_OVERLAP], "k*", markersize=11, label=f"goal: {GOAL_MS:.0f} ms at {GOAL_OVERLAP}")
    axis.set_xscale("log")
    axis.set_xlabel("median milliseconds a query")
    axis.set_ylabel(f"overlap@{DEPTH} with exact MaxSim")
    axis.grid(alpha=0.3, which="both")
    axis.legend(fontsize=8, frameon=False, loc="lower right")
    save(canvas, path, "retrieval")


def _draw(axis: Any, details: dict[str, Any], name: str, color: str) -> None:
    points = sorted(details["points"], key=_median)
    axis.plot(
        [*map(_median, points)], [point["overlap"] for point in points], f"{color}o-", markersize=4, label=f"compressed, {name}"
    )
    axis.plot([details["exact"]["median"]], [1.0], f"{color}s", markersize=6, label=f"exact, {name}")


def _name_points(axis: Any, points: list[dict[str, Any]]) -> None:
    """Write probes/rescored at the points, in turn above and below the line; the first is the default."""
    for number, point in enumerate(sorted(points, key=_median)):
        label = f"{point['probes']}/{point['rescored']}{' (default)' if point is points[0] else ''}"
        place, above = (_median(point), point["overlap"]), number % 2
        axis.annotate(label, place, fontsize=7, ha="center", xytext=(0, 6 if above else -12), textcoords="offset points")


def _median(point: dict[str, Any]) -> float:
    return point["milliseconds"]["median"]
