"""The reliability diagram: confidence beside accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jmlr_cli.evaluation.calibration import BINS, Calibration
from jmlr_cli.png import write_png


def draw_reliability(calibration: Calibration | None, title: str, path: Path) -> None:
    """Write the picture of a calibration: above, each bin's accuracy with its 95 % interval at its mean confidence; below,
    how many answers it holds. Without a calibration nothing is drawn, and an earlier picture is removed."""
    if calibration is None:
        path.unlink(missing_ok=True)
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 5.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _draw_accuracy(above, calibration)
    above.set_title(f"{title}\nECE {calibration.ece:.3f}, {BINS} bins, n = {calibration.n}", fontsize=9)
    below.bar([each.low for each in calibration.bins], [each.n for each in calibration.bins], 1 / BINS, align="edge", color="0.7")
    below.set_ylabel("answers")
    below.set_xlabel("confidence: softmax over the options")
    write_png(figure, path)


def _draw_accuracy(axis: Any, calibration: Calibration) -> None:
    sure = [each.confidence for each in calibration.bins]
    right = [each.accuracy for each in calibration.bins]
    below = [max(0.0, each.accuracy - each.ci95[0]) for each in calibration.bins]
    above = [max(0.0, each.ci95[1] - each.accuracy) for each in calibration.bins]
    axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="calibrated")
    axis.errorbar(sure, right, yerr=[below, above], fmt="o-", markersize=4, capsize=3, linewidth=1, label="measured")
    axis.set_ylabel("accuracy")
    axis.set_xlim(0, 1)
    axis.set_ylim(-0.02, 1.02)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, frameon=False)
