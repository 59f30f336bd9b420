"""`jmlr data`: documents made of question sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jmlr_cli.commands.options import Json, RecipeName, RunName, Set

if TYPE_CHECKING:
    from jmlr_cli.contracts.values import QuestionSet
    from jmlr_cli.rationales.file import RationaleFile
    from jmlr_cli.rationales.write import Written

app = typer.Typer(help="Make documents of question sets.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """Make documents of question sets."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def rationales(
    questions: Annotated[str, typer.Argument(metavar="TASK|FILE|FOLDER", help="The questions.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE.jsonl", help="The documents; what the file holds already is kept.")
    ],
    split: Annotated[str, typer.Option(help="Which questions of a task or a folder: train, dev or test.")] = "train",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    generate: Annotated[
        bool, typer.Option("--generate", help="Have the model of --run or --recipe write the reasoning that a question lacks.")
    ] = False,
    run: RunName = None,
    recipe: RecipeName = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest generated reasoning, in tokens.")] = 256,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Write the reasoning of questions as documents to index, each marked with its question. An interrupted call can go on."""
    import time
    from dataclasses import asdict, replace

    from jmlr_cli import console
    from jmlr_cli.errors import UsageError
    from jmlr_cli.questions.load import load_questions
    from jmlr_cli.rationales.file import open_rationales
    from jmlr_cli.rationales.write import write_carried

    if not generate and (run or recipe or overrides):
        raise UsageError("--run, --recipe and --set choose a model, and nothing is generated", "Add --generate.")
    started = time.monotonic()
    found = load_questions(questions, split)
    found = replace(found, questions=found.questions[:limit])
    with open_rationales(output) as file:
        done, model = (
            _generated(found, file, run, recipe, overrides, max_new_tokens) if generate else (write_carried(found, file), None)
        )
    seconds = round(time.monotonic() - started, 2)
    result = {
        "schema": "jmlr.rationales/1",
        "status": "ok",
        "questions": found.name,
        "n": len(found.questions),
        "output": str(output),
        **asdict(done),
        "model": model,
        "seconds": seconds,
    }
    console.emit(result) if json else _show(result)


def _generated(
    questions: QuestionSet, file: RationaleFile, run: str | None, recipe: str | None, overrides: list[str] | None, tokens: int
) -> tuple[Written, str]:
    from jmlr_cli import console
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.rationales.write import write_generated

    generator = open_system(run, recipe, None, overrides or []).generator
    with console.progress_bar("writing rationales") as progress:
        return write_generated(questions, file, generator, tokens, progress), generator.name


def _show(result: dict) -> None:
    from rich.markup import escape

    from jmlr_cli import console

    told = {
        "kept": "in the file already", "carried": "carried by their questions", "generated": "written by",
        "empty": "left empty by the model", "unfit": "too long for the model", "lacking": "without any: --generate writes them",
    }  # fmt: skip
    counts = [
        f"{result[name]:,} {text}{' ' + escape(result['model']) if name == 'generated' else ''}"
        for name, text in told.items()
        if result[name]
    ]
    console.out().print(
        f"[bold green]wrote[/bold green] [bold]{escape(result['output'])}[/bold], rationales of {result['n']:,} questions: "
        f"{', '.join(counts)}, {result['seconds']:.1f} s",
        soft_wrap=True,
    )


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="data")
