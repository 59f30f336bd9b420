"""`jmlr audit`: which questions an index or a training set holds, and what an evaluation is worth without them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.options import Json, RecipeName, RunName, Set

if TYPE_CHECKING:
    from jmlr_cli.answering.system import System
    from jmlr_cli.contracts.values import QuestionSet
    from jmlr_cli.evaluation.read_back import ReadBack
    from jmlr_cli.leakage.findings import Audit
    from jmlr_cli.leakage.texts import Texts

LEAKS = 3
"""Exit code of ``--fail-on-leak``."""


def audit(
    questions: Annotated[
        str, typer.Argument(metavar="TASK|FILE|FOLDER", help="The questions that must not be known.", show_default=False)
    ],
    index: Annotated[
        str | None, typer.Option("--index", metavar="NAME", help="Look in this index; by default the only one.")
    ] = None,
    train: Annotated[
        str | None, typer.Option("--train", metavar="TASK|FILE|FOLDER|RUN", help="Look in training questions, or a run's.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="train, dev or test; by default test.")] = None,
    evaluation: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Results of an evaluation: its figures with and without what leaks."),
    ] = None,
    retest: Annotated[
        bool, typer.Option("--retest", help="Answer again, each without the passages that leak it, the questions that read one.")
    ] = False,
    run: RunName = None,
    recipe: RecipeName = None,
    overrides: Set = None,
    ngram: Annotated[int, typer.Option(min=2, help="Words in an n-gram; a shorter question is compared whole.")] = 13,
    common: Annotated[int, typer.Option(min=1, help="An n-gram in more texts than this is common wording.")] = 10,
    coverage: Annotated[float, typer.Option(min=0, max=1, help="Share of its n-grams that a leak holds; 0: any one.")] = 0.0,
    threshold: Annotated[float, typer.Option(min=0.3, max=1, help="Jaccard similarity of a near-duplicate.")] = 0.7,
    gold: Annotated[bool, typer.Option("--gold", help="Count what a question's own gold document holds, too.")] = False,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write every finding as a JSON line.")] = None,
    fail_on_leak: Annotated[bool, typer.Option("--fail-on-leak", help=f"Exit with code {LEAKS} when a question leaks.")] = False,
    json: Json = False,
) -> None:
    """Find the questions that an index or a training set holds: exactly, normalised, by n-grams, nearly, by rationale or mark."""
    from jmlr_cli import console
    from jmlr_cli.leakage.audit import audit as audited
    from jmlr_cli.leakage.findings import Settings
    from jmlr_cli.questions.load import chosen_questions

    system = _system(run, recipe, index, overrides or [], retest)
    found = chosen_questions(questions, split)
    earlier = _read(evaluation, found, retest)
    where = _where(index, train, system)
    with console.progress_bar("looking for questions") as progress:
        done = audited(found, where, Settings(ngram, common, coverage, threshold, gold), progress)
    if output:
        _write(output, done)
    result = done.as_json()
    if earlier:
        result["evaluation"] = {"name": evaluation, **_compared(done, found, earlier, system if retest else None)}
    console.emit(result) if json else show(result)
    if fail_on_leak and done.leaking:
        raise typer.Exit(LEAKS)


def _system(run: str | None, recipe: str | None, index: str | None, overrides: Sequence[str], retest: bool) -> System | None:
    """The system whose index is searched and that answers again; None when none is named and none has to answer."""
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.errors import UsageError

    if run or recipe or retest:
        return open_system(run, recipe, index, overrides)
    if overrides:
        raise UsageError("--set changes a run or a recipe, and neither is named", "Add --run or --recipe.")
    return None


def _where(index: str | None, train: str | None, system: System | None) -> list[Texts]:
    """The index, unless only a training set was named, and the training set."""
    from jmlr_cli.answering.system import find_index
    from jmlr_cli.evaluation.trained_on import training_questions
    from jmlr_cli.index.stored import open_passages
    from jmlr_cli.leakage.texts import passage_texts, training_texts

    found = []
    if index or system or not train:
        folder = system.index.folder if system else find_index(index)
        own = system and system.run and folder == system.run.index
        found.append(passage_texts(open_passages(folder), system.name if system and own else folder.name))
    if train:
        found.append(training_texts(training_questions(train)))
    return found


def _read(evaluation: str | None, questions: QuestionSet, retest: bool) -> ReadBack | None:
    from jmlr_cli.errors import UsageError
    from jmlr_cli.evaluation.read_back import read_back

    if evaluation is not None:
        return read_back(evaluation, questions)
    if retest:
        raise UsageError("--retest needs --evaluation", "First: jmlr eval QUESTIONS --output results.jsonl")
    return None


def _compared(done: Audit, questions: QuestionSet, earlier: ReadBack, system: System | None) -> dict[str, Any]:
    """The evaluation's figures with and without what leaks; ``system`` answers again."""
    from jmlr_cli import console
    from jmlr_cli.evaluation.without_leaks import without_leaks

    again, leaks = None, done.leaking_passages
    if system:
        from jmlr_cli.evaluation.again import answered_again

        with console.progress_bar("answering again") as progress:
            again = answered_again(system, questions, earlier, leaks, progress)
    return without_leaks(earlier.results, leaks, again).as_json()


def _write(output: Path, done: Audit) -> None:
    import json
    from dataclasses import asdict

    from jmlr_cli.files import write_whole

    lines = (json.dumps(asdict(finding), ensure_ascii=False) for finding in done.findings)
    write_whole(output, "".join(f"{line}\n" for line in lines).encode())


def show(result: dict[str, Any]) -> None:
    """An audit for people."""
    from jmlr_cli.commands.show_audit import show_audit

    show_audit(result)


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(audit)
