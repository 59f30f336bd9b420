"""A run's metrics as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jmlr_cli.png import write_png
from jmlr_cli.runs.run import Run

PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("loss", ("loss",)),
    ("LM loss: answer NLL, nats a token", ("lm_loss", "dev_lm_loss")),
    ("rank loss", ("rank_loss", "dev_rank_loss")),
    ("share", ("rank_agreement", "dev_rank_agreement", "staleness", "dev_recall@1", "dev_recall@5", "dev_recall@20")),
)


def draw_curves(run: Run) -> None:
    """Write ``curves.png`` into the run's folder: its losses, rank agreement, staleness and held-out recall by optimizer
    step. Figures logged at single steps are drawn faintly beside their running mean. Nothing is drawn without metrics."""
    metrics = run.read_metrics()
    panels = [(title, kept) for title, names in PANELS if (kept := [n for n in names if _points(metrics, n)])]
    if not panels:
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (title, names) in zip(axes, panels, strict=True):
        for number, name in enumerate(names):
            _draw(axis, name, _points(metrics, name), f"C{number}")
        axis.set_ylabel(title, fontsize=9)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, frameon=False)
        if title == "share":
            axis.set_ylim(-0.02, 1.02)
    axes[0].set_title(run.name, fontsize=10)
    axes[-1].set_xlabel("optimizer step")
    write_png(figure, run.curves)


def _points(metrics: Sequence[dict[str, Any]], name: str) -> list[tuple[int, float]]:
    """The steps at which a figure was logged, and its values."""
    return [(line["step"], line[name]) for line in metrics if line.get(name) is not None]


def _draw(axis: Any, name: str, points: list[tuple[int, float]], color: str) -> None:
    steps, values = zip(*points, strict=True)
    label = name.replace("dev_", "held-out ").replace("_", " ")
    if name.startswith("dev_") or len(values) < 10:
        axis.plot(steps, values, color=color, marker="o", markersize=3, label=label)
        return
    axis.plot(steps, values, color=color, alpha=0.25, linewidth=0.8)
    axis.plot(steps, running_mean(values, max(2, len(values) // 20)), color=color, label=f"{label}, running mean")


def running_mean(values: Sequence[float], width: int) -> list[float]:
    """The mean of each value and the ``width - 1`` before it; of fewer at the beginning."""
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    return [(sums[at + 1] - sums[max(0, at + 1 - width)]) / min(at + 1, width) for at in range(len(values))]
