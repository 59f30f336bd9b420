"""What came of the trials, as rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from jmlr_cli.commands.show import print_table
from jmlr_cli.evaluation.seeds import difference_over_seeds
from objective_parts.judging import MEASURES

UNTRAINED = "untrained"


def row_of(name: str, values: np.ndarray, baseline: np.ndarray, seconds: float) -> dict[str, Any]:
    """A trial's row: ``values`` (R, n, M) of R seeds, n questions and the measures, NaN where one says nothing of a question, and
    how each differs from that of ``baseline``, which has the same shape but for R."""
    measures = [_measure(values[..., place], baseline[..., place]) for place in range(len(MEASURES))]
    return {"name": name, "seconds": seconds, "measures": dict(zip(MEASURES, measures, strict=True))}


def _measure(values: np.ndarray, baseline: np.ndarray) -> dict[str, Any]:
    said = ~np.isnan(baseline[0])
    if not said.any():
        return {"seeds": [], "questions": 0}
    difference = difference_over_seeds(values[:, said], baseline[:, said])
    return {
        "seeds": values[:, said].mean(axis=1).tolist(),
        "questions": int(said.sum()),
        "difference": difference.value,
        "ci95": list(difference.ci95),
    }


def show(report: dict[str, Any]) -> None:
    """Each trial with its means over seeds, and in brackets what it adds to the untrained retriever's, with the interval."""
    columns = ["", *MEASURES]
    rows = [[trial["name"], *(_shown(trial, measure) for measure in MEASURES)] for trial in report["trials"]]
    print_table(f"{report['questions']} questions, {report['steps']} steps", columns, rows)


def told_of(trial: dict[str, Any]) -> str:
    """A trial in one line, while others still run."""
    return ", ".join([f"{measure} {_shown(trial, measure)}" for measure in MEASURES] + [f"{trial['seconds']:.0f} s"])


def _shown(trial: dict[str, Any], measure: str) -> str:
    found = trial["measures"][measure]
    if not found["seeds"]:
        return ""
    mean = f"{np.mean(found['seeds']):.3f}"
    if trial["name"] == UNTRAINED:
        return mean
    low, high = found["ci95"]
    return f"{mean} [{low:+.3f}, {high:+.3f}]"
