"""How well retrievers find the gold pages of questions, from TREC runs; one baseline against the runs of several seeds.

jmlr search --index plain --queries dev.jsonl --trec frozen.trec -k 100
jmlr search --run RUN --queries dev.jsonl --trec joint-0.trec -k 100    (and so on, for each seed)
python benchmarks/gold_pages.py dev.jsonl frozen.trec joint-0.trec joint-1.trec

The questions name their gold page (``document``). What the columns are: :func:`over_seeds.row_of`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import ir_measures
import numpy as np
from arguments import Parser, told
from over_seeds import print_rows, row_of

from jmlr_cli import console
from jmlr_cli.errors import InputError
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
    before, seeds = _values(baseline, gold), [_values(run, gold) for run in runs]
    rows = [row_of(name, before[name][None], np.stack([values[name] for values in seeds])) for name in MEASURES]
    if json:
        console.emit({"schema": "jmlr.benchmark.gold-pages/1", "questions": len(gold), "measures": rows})
    else:
        print_rows(f"{len(gold)} questions", rows)
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


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("questions", help="the questions, with their gold documents")
    parser.add_argument("baseline", type=Path, help="the baseline's TREC run")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="the other system's TREC runs, one a seed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return parser


if __name__ == "__main__":
    sys.exit(main())
