"""`jmlr models`: the models that go by a short name, and fetching one."""

from __future__ import annotations

from typing import Annotated

import typer

from jmlr_cli.commands.options import Json

app = typer.Typer(help="List the models that have a short name, or fetch one.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, json: Json = False) -> None:
    """List the models that have a short name."""
    if context.invoked_subcommand:
        return
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.models.catalogue import catalogue
    from jmlr_cli.models.resolve import is_here

    entries = [
        {
            "name": name,
            "kind": entry.kind,
            "title": entry.title,
            "licence": entry.licence,
            "source": entry.hub or (f"{entry.wheel.package}=={entry.wheel.version}" if entry.wheel else "built here"),
            "here": is_here(name),
        }
        for name, entry in catalogue().items()
    ]
    if json:
        console.emit({"schema": "jmlr.models/1", "models": entries})
        return
    shown = ("name", "title", "licence", "source")
    rows = [(*(str(entry[key]) for key in shown), "yes" if entry["here"] else "") for entry in entries]
    print_table("", ("model", "what it is", "licence", "from", "here"), rows)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A name of `jmlr models`, or a hub id.", show_default=False)],
    json: Json = False,
) -> None:
    """Fetch a model and check it against its SHA-256."""
    import time

    from rich.markup import escape

    from jmlr_cli import console
    from jmlr_cli.models.catalogue import catalogue
    from jmlr_cli.models.resolve import is_here, resolve_model

    started = time.monotonic()
    entry = catalogue().get(name)
    size = f" ({entry.megabytes} MB)" if entry and entry.megabytes else ""
    if not is_here(name):
        console.notice(f"fetching {name}{size}")
    folder = resolve_model(name)
    seconds = round(time.monotonic() - started, 2)
    if json:
        console.emit({"schema": "jmlr.model/1", "model": name, "folder": str(folder), "seconds": seconds})
    else:
        console.out().print(
            f"[bold green]ready[/bold green] {escape(name)} in {escape(str(folder))} ({seconds:.1f} s)", soft_wrap=True
        )


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="models")
