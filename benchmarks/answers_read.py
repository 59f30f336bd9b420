"""What share of the answers stands in the passages that were read; one baseline against the runs of several seeds.

jmlr eval dev.jsonl --run FROZEN --no-generate    (and so on, for each run; or `jmlr compare`)
python benchmarks/answers_read.py dev.jsonl plain FROZEN-EVALUATION JOINT-EVALUATION JOINT-EVALUATION

``plain`` is an index of the passages. A share is that of the answer's word 3-grams, in ``all`` passages of the prompt together or
in the ``best`` alone. Below the table: how far the answer NLL follows the first, as the correlation over questions of what both
change by from the baseline. What the columns are: :func:`over_seeds.row_of`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from arguments import Parser, add_evaluations, told
from objective_parts.teacher import held
from over_seeds import in_common, print_rows, row_of

from jmlr_cli import console
from jmlr_cli.assemble import make_retriever
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.kept import open_evaluation
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.questions.load import load_questions
from jmlr_cli.workspace import Workspace

Read = dict[str, QuestionResult]
MEASURES = ("all", "best")


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the table; the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    answers = {each.id: each.answer for each in load_questions(options.questions, "dev").questions if each.answer}
    index = open_index(Workspace.current().index(options.index), make_retriever)
    before, runs = _read(options.baseline), [_read(name) for name in options.evaluations]
    common = in_common(before, [answers, *runs])

    def shares(run: Read) -> np.ndarray:
        return np.array([_shares(answers[question], run[question], index) for question in common])

    start, ends = shares(before), [shares(run) for run in runs]
    rows = [row_of(name, start[None, :, at], np.stack([end[:, at] for end in ends])) for at, name in enumerate(MEASURES)]
    follows = [_follows(before, run, end[:, 0] - start[:, 0], common) for run, end in zip(runs, ends, strict=True)]
    if options.json:
        found = {"questions": len(common), "measures": rows, "correlations": follows}
        console.emit({"schema": "jmlr.benchmark.answers-read/1", **found})
    else:
        print_rows(f"{len(common)} questions", rows)
        console.out().print(f"answer NLL follows it: r {'  '.join(f'{each:.2f}' for each in follows)}")
    return 0


def _read(name: str) -> Read:
    """The questions of an evaluation that were answered from passages."""
    found = {result.id: result for result in open_evaluation(name).results() if result.passages and result.answer_nll is not None}
    if not found:
        raise InputError(f"the evaluation {name!r} read no passages for free-text questions", "Name one of mode rag.")
    return found


def _shares(answer: str, result: QuestionResult, index: Index) -> tuple[float, float]:
    texts = [passage.content for passage in index.passages.get(result.passages)]
    return held(answer, "\n".join(texts)), held(answer, texts[-1])


def _follows(before: Read, after: Read, change: np.ndarray, questions: Sequence[str]) -> float:
    """The correlation of ``change`` (n,) with that of the answer NLL; 0 where either stays as it was."""
    start, end = (np.array([run[question].answer_nll for question in questions], dtype=float) for run in (before, after))
    nlls = end - start
    return float(np.corrcoef(change, nlls)[0, 1]) if change.std() and nlls.std() else 0.0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("questions", help="the questions, with their answers")
    parser.add_argument("index", help="name of an index that holds the passages")
    add_evaluations(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
