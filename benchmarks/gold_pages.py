"""How well retrievers find the gold pages of questions, from TREC runs; one baseline against the runs of several seeds.

jmlr search --index plain --queries dev.jsonl --trec frozen.trec -k 100
jmlr search --run RUN --queries dev.jsonl --trec joint-0.trec -k 100    (and so on, for each seed)
python benchmarks/gold_pages.py dev.jsonl frozen.trec joint-0.trec joint-1.trec

The questions name their gold page (``document``). The difference comes with the interval of
:func:`jmlr_cli.evaluation.seeds.difference_over_seeds`, which holds for other seeds and questions; each run
with the p of a paired permutation test, which is about that run alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from arguments import Parser, told

from jmlr_cli import console
from jmlr_cli.commands.show import print_table
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.seeds import difference_over_seeds
from jmlr_cli.evaluation.significance import permutation_p
from jmlr_cli.questions.load import load_questions

MEASURES = ("R@1", "R@5", "nDCG@10", "RR")


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the table; the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _run(options.questions, options.baseline, options.runs, options.json))


def _run(questions: str, baseline: Path, runs: Sequence[Path], json: bool) -> int:
    gold = {each.id: each.document for each in load_questions(questions, "dev").questions if each.document}
    if len(gold) < 2:
        raise InputError(f"fewer than two questions of {questions} name their document", "Name a file such as MedQuAD's.")
    before = {name: values[None] for name, values in _values(baseline, gold).items()}
    seeds = [_values(run, gold) for run in runs]
    after = {name: np.stack([values[name] for values in seeds]) for name in MEASURES}
    rows = [_row(name, before[name], after[name]) for name in MEASURES]
    if json:
        console.emit({"schema": "jmlr.benchmark.gold-pages/1", "questions": len(gold), "measures": rows})
    else:
        shown = [(row["measure"], f"{row['baseline']:.3f}", _each(row), _difference(row)) for row in rows]
        print_table(f"{len(gold)} questions", ("", "baseline", "each run", "difference [95 %]"), shown)
    return 0


def _values(run: Path, gold: dict[str, str]) -> dict[str, np.ndarray]:
    """Each measure's value for every question (n,), in the order of ``gold``; 0 where the run holds nothing."""
    qrels = [ir_measures.Qrel(question, page, 1) for question, page in gold.items()]
    try:
        found = list(ir_measures.read_trec_run(str(run)))
    except (OSError, ValueError) as error:
        raise InputError(f"{run} cannot be read as a TREC run: {error}", "Write it with jmlr search --trec.") from None
    values = {name: dict.fromkeys(gold, 0.0) for name in MEASURES}
    for metric in ir_measures.iter_calc([ir_measures.parse_measure(name) for name in MEASURES], qrels, found):
        values[str(metric.measure)][metric.query_id] = metric.value
    return {name: np.array([*of_questions.values()]) for name, of_questions in values.items()}


def _row(name: str, before: np.ndarray, after: np.ndarray) -> dict[str, Any]:
    difference = difference_over_seeds(after, before)
    return {
        "measure": name,
        "baseline": float(before.mean()),
        "runs": [{"mean": float(each.mean()), "p": permutation_p(each, before[0])} for each in after],
        "difference": difference.value,
        "ci95": list(difference.ci95),
        "p": difference.p,
    }


def _each(row: dict[str, Any]) -> str:
    return "  ".join(f"{run['mean']:.3f} (p {run['p']:.3f})" for run in row["runs"])


def _difference(row: dict[str, Any]) -> str:
    low, high = row["ci95"]
    return f"{row['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("questions", help="the questions, with their gold documents")
    parser.add_argument("baseline", type=Path, help="the baseline's TREC run")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="the other system's TREC runs, one a seed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
