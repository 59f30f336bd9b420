"""How far two retrievers order the same passages as the same language model does; one baseline against the runs of several seeds.

jmlr eval dev.jsonl --run FROZEN --rank-agreement 10 --set evaluation.rank_agreement_index=words
jmlr eval dev.jsonl --run JOINT --rank-agreement 10 --set evaluation.rank_agreement_index=words    (and so on, for each seed)
python benchmarks/rank_agreement.py FROZEN-EVALUATION JOINT-EVALUATION JOINT-EVALUATION

An evaluation measures the rank agreement of a run's retriever with that run's own language model, so that the difference of two
systems is that of both models. Here each run's language model judges its own retriever and the baseline's: only the retrievers
differ. What the columns are: :func:`over_seeds.row_of`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from arguments import Parser, told
from over_seeds import print_rows, row_of

from jmlr_cli import console
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.kept import open_evaluation
from jmlr_cli.evaluation.question_result import QuestionResult

Pools = dict[str, QuestionResult]


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the table; the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _run(options.baseline, options.evaluations, options.json))


def _run(baseline: str, evaluations: Sequence[str], json: bool) -> int:
    before, runs = _pools(baseline), [_pools(name) for name in evaluations]
    common = [question for question in before if all(question in run for run in runs)]
    if len(common) < 2:
        raise InputError("the evaluations have fewer than two questions in common", "Measure all of them on the same questions.")
    judged = [[_judged(before[question], run[question]) for question in common] for run in runs]
    rows = [row_of(name, *_values(judged, name)) for name in ("pairs", "pairs, weighted", "best first")]
    if json:
        console.emit({"schema": "jmlr.benchmark.rank-agreement/1", "questions": len(common), "measures": rows})
    else:
        print_rows(f"{len(common)} questions", rows)
    return 0


def _pools(name: str) -> Pools:
    """The questions of an evaluation whose passages were ranked."""
    found = {result.id: result for result in open_evaluation(name).results() if len(result.pool) > 1}
    if not found:
        raise InputError(f"the evaluation {name!r} measured no rank agreement", "Measure again with --rank-agreement N.")
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """What a language model says of two retrievers' orders of a question's passages: a share each, 0 to 1."""

    before: dict[str, float]
    after: dict[str, float]


def _judged(before: QuestionResult, after: QuestionResult) -> Judged:
    scores = dict(zip(before.pool, before.pool_scores, strict=True))
    if scores.keys() != set(after.pool):
        raise InputError(
            f"question {after.id}: the evaluations ranked different passages",
            "Name an index that finds them for all: --set evaluation.rank_agreement_index=NAME",
        )
    nlls = np.array(after.pool_nlls)
    return Judged(_measures(np.array([scores[each] for each in after.pool]), nlls), _measures(np.array(after.pool_scores), nlls))


def _measures(scores: np.ndarray, nlls: np.ndarray) -> dict[str, float]:
    """``pairs``: the share of pairs that both order alike, as :func:`jmlr_cli.training.scores.rank_agreement` counts. ``pairs,
    weighted``: the same, each pair by how far its two NLLs differ. ``best first``: whether the passage of the lowest NLL has the
    highest score. Both arguments: (m,)."""
    first, second = np.triu_indices(len(scores), k=1)
    gaps = nlls[second] - nlls[first]
    alike = (np.sign(scores[first] - scores[second]) * np.sign(gaps) + 1) / 2
    weights = np.abs(gaps) if gaps.any() else np.ones_like(gaps)
    return {
        "pairs": float(alike.mean()),
        "pairs, weighted": float(np.average(alike, weights=weights)),
        "best first": float(scores.argmax() == nlls.argmin()),
    }


def _values(judged: Sequence[Sequence[Judged]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """A measure's values for the baseline and for the runs: (R, n) each."""
    return (
        np.array([[each.before[name] for each in run] for run in judged]),
        np.array([[each.after[name] for each in run] for run in judged]),
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("baseline", help="the evaluation of the baseline, by its name")
    parser.add_argument("evaluations", nargs="+", metavar="EVALUATION", help="the other system's evaluations, one a seed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
