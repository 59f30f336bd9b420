"""Try settings of joint training cheaply: the retriever alone, taught by a stand-in for the language model.

jmlr index plain/guidelines --name plain --recipe small
python benchmarks/objectives.py plain/train.jsonl --index plain
python benchmarks/objectives.py plain/train.jsonl --index plain --only small,kl --seeds 0,1

The stand-in knows what share of the answer a passage holds. Each trial changes one thing of the recipe ``small``, and is taught
with the toolkit's own step and trainer. Measured on questions of the same file that no trial is taught, in an index of the
passages that were found first for each of them; the columns are those of :func:`objective_parts.judging.judged`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from arguments import Parser, natural, positive, told
from objective_parts.trials import TRIALS, Trial, recipe_arguments

from jmlr_cli import console
from jmlr_cli.errors import InputError

if TYPE_CHECKING:
    from jmlr_cli.contracts.values import Question
    from jmlr_cli.recipe.schema import Recipe

    Planned = list[tuple[Trial, list[Recipe]]]

RANKED = 50
"""Passages that each measured question brings into the index that is searched."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials; the exit code."""
    options = _parser().parse_args(arguments)
    return told(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    planned = _planned(options)  # a mistake in a recipe shows before any is taught
    questions = _questions(options.questions, 2 * options.measured)
    from objective_parts.table import show

    measured, learned = questions[: options.measured], questions[options.measured :][: options.taught]
    rows = _rows(planned, options.index, measured, learned)
    report = {
        "schema": "jmlr.benchmark.objectives/1",
        "recipe": options.recipe,
        "seeds": options.seeds,
        "steps": options.steps,
        "questions": options.measured,
        "taught": len(learned),
        "trials": rows,
    }
    console.emit(report) if options.json else show(report)
    return 0


def _planned(options: argparse.Namespace) -> Planned:
    from jmlr_cli.recipe.load import load_recipe

    def recipe(trial: Trial, seed: int) -> Recipe:
        return load_recipe(options.recipe, recipe_arguments(trial, seed, options.steps, options.set))

    return [(trial, [recipe(trial, seed) for seed in options.seeds]) for trial in options.only]


def _questions(source: str, least: int) -> Sequence[Question]:
    """Those with an answer and its document."""
    from jmlr_cli.questions.load import load_questions

    found = [each for each in load_questions(source, "train").questions if each.answer and each.document]
    if len(found) < least:
        raise InputError(
            f"{len(found)} questions of {source} have an answer and its document, and {least} are needed",
            "Name a file with more of them, or lower --measured.",
        )
    return found


def _rows(planned: Planned, name: str, measured: Sequence[Question], learned: Sequence[Question]) -> list[dict[str, Any]]:
    import numpy as np
    from objective_parts.judging import cases, judged, starting_retriever
    from objective_parts.table import UNTRAINED, row_of, told_of
    from objective_parts.teaching import teach

    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.index.open import open_index
    from jmlr_cli.workspace import Workspace

    index = open_index(Workspace.current().index(name), make_retriever)
    every = cases(index, measured, RANKED)
    before = judged(starting_retriever(index), every)[None]
    rows = [row_of(UNTRAINED, before, before, 0.0)]
    for trial, recipes in planned:
        started = time.monotonic()
        after = [judged(teach(recipe, index, learned, trial.others), every) for recipe in recipes]
        rows.append(row_of(trial.name, np.stack(after), before, time.monotonic() - started))
        console.notice(f"{trial.name}: {told_of(rows[-1])}")
    return rows


# -- the command line


def _parser() -> argparse.ArgumentParser:
    parser = Parser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    add = parser.add_argument
    add("questions", help="questions with answers and the documents that hold them; the first are measured, the others taught")
    add("--index", required=True, help="name of the index of those documents, built by the recipe's retriever")
    add("--recipe", default="small", help="the recipe that trials change (small)")
    add("--only", type=_trials, default=TRIALS, metavar="NAME,NAME", help=f"of {', '.join(trial.name for trial in TRIALS)}")
    add("--seeds", type=_seeds, default=[0], metavar="N,N", help="what each trial is taught with (0)")
    add("--steps", type=positive, default=40, help="optimizer steps of a trial (40)")
    add("--measured", type=positive, default=120, help="questions that are measured (120)")
    add("--taught", type=positive, help="questions that are taught, over and over where the steps reach further (all others)")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of every recipe, as in jmlr train")
    add("--json", action="store_true", help="one JSON object on stdout")
    return parser


def _trials(text: str) -> list[Trial]:
    known = {trial.name: trial for trial in TRIALS}
    unknown = next((name for name in text.split(",") if name not in known), None)
    if unknown is not None:
        raise argparse.ArgumentTypeError(f"there is no trial {unknown!r}")
    return [known[name] for name in text.split(",")]


def _seeds(text: str) -> list[int]:
    return [natural(each) for each in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
