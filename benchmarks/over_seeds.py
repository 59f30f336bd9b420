"""A baseline against the runs of several seeds, question by question, as rows of a table."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np

from jmlr_cli.commands.show import print_table
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.seeds import difference_over_seeds
from jmlr_cli.evaluation.significance import permutation_p


def in_common(before: Iterable[str], runs: Sequence[Container[str]]) -> list[str]:
    """The baseline's questions that all runs have; :class:`InputError` when they are fewer than two."""
    common = [question for question in before if all(question in run for run in runs)]
    if len(common) < 2:
        raise InputError("the evaluations have fewer than two questions in common", "Measure all of them on the same questions.")
    return common


def row_of(measure: str, before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    """A measure's row: ``after`` (R, n) of R runs and n questions, ``before`` the baseline's (1, n), or beside each run (R, n).
    The difference has the interval of :func:`jmlr_cli.evaluation.seeds.difference_over_seeds`, which holds for other seeds and
    questions; each run the p of a paired permutation test, which is about that run alone."""
    before = np.broadcast_to(before, after.shape)
    difference = difference_over_seeds(after - before, np.zeros((1, after.shape[1])))
    return {
        "measure": measure,
        "baseline": float(before.mean()),
        "runs": [{"mean": float(run.mean()), "p": permutation_p(run, base)} for run, base in zip(after, before, strict=True)],
        "difference": difference.value,
        "ci95": list(difference.ci95),
        "p": difference.p,
    }


def print_rows(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Show the rows as a table."""
    shown = [(row["measure"], f"{row['baseline']:.3f}", _each(row), _difference(row)) for row in rows]
    print_table(title, ("", "baseline", "each run", "difference [95 %]"), shown)


def _each(row: dict[str, Any]) -> str:
    return "  ".join(f"{run['mean']:.3f} (p {run['p']:.3f})" for run in row["runs"])


def _difference(row: dict[str, Any]) -> str:
    low, high = row["ci95"]
    return f"{row['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"
