"""`jmlr eval`: numbers with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.options import IndexName, Json, RecipeName, RetrieverName, RunName, Set
from jmlr_cli.commands.where import Where, given

if TYPE_CHECKING:
    from jmlr_cli.answering.system import System
    from jmlr_cli.contracts.filters import Condition
    from jmlr_cli.contracts.values import QuestionSet

MODES = ("closed", "rag", "oracle", "random")


OF_BEIR = {"task", "run", "recipe", "retriever", "where", "split", "overrides", "json"}
"""The parameters that count for a BEIR folder."""


def evaluate(
    context: typer.Context,
    task: Annotated[
        str | None, typer.Argument(metavar="TASK|FILE|FOLDER", help="A task's name, a question file, or a BEIR folder.")
    ] = None,
    run: RunName = None,
    recipe: RecipeName = None,
    index: IndexName = None,
    retriever: RetrieverName = None,
    mode: Annotated[
        str | None, typer.Option(metavar="|".join(MODES), help="What the model reads; by default the recipe's.")
    ] = None,
    scoring: Annotated[
        str | None, typer.Option(metavar="likelihood|generation", help="How option questions are answered.")
    ] = None,
    normalise: Annotated[
        str | None, typer.Option(metavar="mean|sum|pmi", help="By which likelihood options are compared.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="Passages in a prompt; by default the recipe's candidates.read.")
    ] = None,
    where: Where = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    split: Annotated[str | None, typer.Option(help="train, dev or test; by default test (BEIR: else dev, else train).")] = None,
    no_generate: Annotated[
        bool, typer.Option("--no-generate", help="Free-text questions: likelihoods only, nothing is written.")
    ] = False,
    rank_agreement: Annotated[
        int | None,
        typer.Option(
            min=2, metavar="N", help="Also measure how far the retriever's order of N passages agrees with the answer's NLLs."
        ),
    ] = None,
    citations: Annotated[
        bool, typer.Option("--citations", help="Also measure whether written answers cite the passages that support them.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Measure once more what has been measured and kept.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write each question's result as a JSON line.")
    ] = None,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Measure a run or a recipe on a question set, or a retriever on a BEIR folder."""
    from jmlr_cli import console
    from jmlr_cli.commands.eval_beir import beir
    from jmlr_cli.commands.show_eval import show, show_beir
    from jmlr_cli.evaluation.beir import is_beir

    if task and is_beir(Path(task).expanduser()):
        _check_beir_options(context)
        result = beir(Path(task).expanduser(), split, retriever, recipe, run, overrides or [], given(where))
        console.emit(result) if json else show_beir(result)
        return
    settings = [
        *(overrides or []),
        *([f"evaluation.mode={mode}"] if mode else []),
        *([f"evaluation.scoring={scoring}"] if scoring else []),
        *([f"evaluation.normalise={normalise}"] if normalise else []),
        *([f"evaluation.rank_agreement={rank_agreement}"] if rank_agreement else []),
        *(["evaluation.citations=true"] if citations else []),
    ]
    system = _system(run, recipe, index, retriever, settings, given(where))
    wanted = Wanted(split, limit, k, not no_generate, retriever, output, again)
    results = [measured(system, name, wanted) for name in _tasks(task, system, output)]
    if json:
        console.emit(results[0] if len(results) == 1 else {"schema": "jmlr.eval/1", "status": "ok", "tasks": results})
        return
    for result in results:
        show(result)


def _check_beir_options(context: typer.Context) -> None:
    from jmlr_cli.errors import UsageError

    for option in context.command.params:
        source = context.get_parameter_source(str(option.name))
        if option.name not in OF_BEIR and source and source.name == "COMMANDLINE":
            raise UsageError(
                f"{option.opts[0]} has no effect on a BEIR folder, which measures a retriever alone", "Leave it out."
            )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says of an evaluation beside its system: which questions, how many passages in a prompt
    (None: as the recipe has it), whether free-text answers are written, which retriever the index must be of (None:
    any), where each question's result is written to, and whether what is kept is measured once more."""

    split: str | None = None
    limit: int | None = None
    k: int | None = None
    generate: bool = True
    retriever: str | None = None
    output: Path | None = None
    again: bool = False


def measured(system: System, task: str, wanted: Wanted) -> dict[str, Any]:
    """One task's numbers with what produced them."""
    from jmlr_cli.questions.load import chosen_questions

    return evaluated(system, chosen_questions(task, wanted.split, wanted.limit), wanted)


def evaluated(system: System, questions: QuestionSet, wanted: Wanted) -> dict[str, Any]:
    """The record of a system's evaluation: as it is kept, or measured now, with a bar."""
    from jmlr_cli import console
    from jmlr_cli.evaluation.keep import evaluate_kept
    from jmlr_cli.evaluation.kept import open_evaluation
    from jmlr_cli.evaluation.system import brings_passages, settings_of
    from jmlr_cli.evaluation.trained_on import learned_by
    from jmlr_cli.files import write_whole

    mode = system.recipe.evaluation.mode
    if wanted.retriever and mode != "closed" and not brings_passages(system, questions):
        _check_index(system, wanted.retriever)
    settings = settings_of(system.recipe, wanted.k, wanted.generate)
    with console.progress_bar(f"{questions.name} {mode}") as progress:
        record = evaluate_kept(system, questions, mode, settings, wanted.again, progress, console.notice)
    if system.run and learned_by(system.run) == record["made_by"]["questions"]["sha256"]:
        console.notice(f"{system.run.name} was trained on these very questions: the figures tell what it remembers of them")
    if wanted.output:
        write_whole(wanted.output, open_evaluation(record["evaluation"]).lines.read_bytes())
    return record


def _check_index(system: System, retriever: str) -> None:
    from jmlr_cli.errors import InputError

    manifest = system.manifest
    if manifest.retriever != retriever:
        raise InputError(
            f"the index {manifest.name!r} was built by {manifest.retriever}, not by {retriever}",
            f"Name an index of its own with --index, or build one: jmlr index FOLDER --name NAME --retriever {retriever}",
        )


def _system(
    run: str | None,
    recipe: str | None,
    index: str | None,
    retriever: str | None,
    overrides: list[str],
    where: Sequence[Condition],
) -> System:
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.commands.retriever_choice import retriever_overrides

    return open_system(run, recipe, index, [*retriever_overrides(retriever), *overrides], where)


def _tasks(task: str | None, system: System, output: Path | None) -> list[str]:
    """The question set named, or those of the recipe."""
    from jmlr_cli.errors import UsageError

    tasks = [task] if task else list(system.recipe.evaluation.tasks)
    if not tasks:
        raise UsageError("name a task or a question file", "For example: jmlr eval medqa, or jmlr eval questions.jsonl")
    if output and len(tasks) > 1:
        raise UsageError("--output takes the results of one question set", f"Name one of {', '.join(tasks)}.")
    return tasks


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command(name="eval")(evaluate)
