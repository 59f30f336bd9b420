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

import numpy as np
from arguments import Parser, add_evaluations, told
from over_seeds import in_common, print_rows, row_of

from jmlr_cli import console
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.agreement import concordance
from jmlr_cli.evaluation.kept import open_evaluation
from jmlr_cli.evaluation.question_result import QuestionResult

Pools = dict[str, QuestionResult]
Shares = tuple[float, float, float]
"""One for each of ``MEASURES``, 0 to 1."""
MEASURES = ("pairs", "pairs, weighted", "best first")


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the table; the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _run(options.baseline, options.evaluations, options.json))


def _run(baseline: str, evaluations: Sequence[str], json: bool) -> int:
    before, runs = _pools(baseline), [_pools(name) for name in evaluations]
    common = in_common(before, runs)
    values = np.array([[_judged(before[question], run[question]) for question in common] for run in runs])
    rows = [row_of(name, *values[..., place].transpose(2, 0, 1)) for place, name in enumerate(MEASURES)]
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


def _judged(before: QuestionResult, after: QuestionResult) -> tuple[Shares, Shares]:
    """What the language model of ``after`` says of both retrievers' orders of a question's passages."""
    scores = dict(zip(before.pool, before.pool_scores, strict=True))
    if scores.keys() != set(after.pool):
        raise InputError(
            f"question {after.id}: the evaluations ranked different passages",
            "Name an index that finds them for all: --set evaluation.rank_agreement_index=NAME",
        )
    own, nlls = np.array(after.pool_scores), np.array(after.pool_nlls)
    return _shares(np.array([scores[each] for each in after.pool]), nlls), _shares(own, nlls)


def _shares(scores: np.ndarray, nlls: np.ndarray) -> Shares:
    """The share of pairs that both order alike, a tie counting one half; the same, each pair by how far its two NLLs differ; and
    whether the passage of the lowest NLL has the highest score. Both arguments: (m,)."""
    first, second = np.triu_indices(len(scores), k=1)
    gaps = nlls[second] - nlls[first]
    alike, total = float(np.sign(scores[first] - scores[second]) @ gaps), float(np.abs(gaps).sum())
    weighted = (alike / total + 1) / 2 if total else 0.5
    return concordance(scores.tolist(), nlls.tolist()), weighted, float(scores.argmax() == nlls.argmin())


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    add_evaluations(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
