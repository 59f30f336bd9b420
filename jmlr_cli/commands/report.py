"""`jmlr report`: evaluations and comparisons as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jmlr_cli.commands.options import Json


def report(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EVALUATION|COMPARISON|FILE...",
            help="Kept evaluations and comparisons: their names in the workspace, their folders, or a comparison's JSON.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The page to write; its data goes beside it as .json.")
    ] = Path("report.html"),
    json: Json = False,
) -> None:
    """Write a page with each question, what was read and what every system answered, and the same as JSON."""
    from jmlr_cli import console
    from jmlr_cli.errors import UsageError
    from jmlr_cli.report.content import make_report
    from jmlr_cli.report.inputs import NONE_YET, kept_names, read_inputs
    from jmlr_cli.report.write import write_report

    if not inputs:
        names = kept_names()
        raise UsageError("name an evaluation or a comparison", f"There are: {', '.join(names)}." if names else NONE_YET)
    made = make_report(read_inputs(inputs))
    data = write_report(made, output)
    if json:
        console.emit(
            {
                "schema": "jmlr.reported/1",
                "status": "ok",
                "html": str(output),
                "json": str(data),
                "evaluations": [each.name for each in made.evaluations],
                "comparisons": len(made.comparisons),
                "questions": len(made.questions),
                "notes": list(made.notes),
            }
        )
        return
    for note in made.notes:
        console.notice(note)
    size = output.stat().st_size / 1e6
    console.out().print(
        f"wrote {output} ({size:.1f} MB) and {data}: {len(made.questions)} questions", markup=False, soft_wrap=True
    )


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(report)
