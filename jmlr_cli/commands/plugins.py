"""`jmlr plugins`: what is installed, and what it offers; a package for a new one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.options import Json

if TYPE_CHECKING:
    from jmlr_cli.plugins import Offer, Registry

app = typer.Typer(help="List the plugins, or begin one of your own.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def plugins(context: typer.Context, json: Json = False) -> None:
    """List the plugins that are installed, the broken ones with their error."""
    if context.invoked_subcommand:
        return
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.plugins import registry

    found = registry()
    if json:
        console.emit(_as_json(found))
        return
    own: Any = context.find_root().command
    rows = [(o.kind, o.name, _described(o, own.commands), o.plugin) for o in sorted(found.offers, key=lambda o: (o.kind, o.name))]
    print_table("", ("kind", "name", "what it is", "from"), rows)
    for plugin in found.plugins:
        if plugin.error:
            print_table("", ("broken plugin", "error"), [(f"{plugin.name} ({plugin.distribution})", plugin.error)])


@app.command()
def new(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="retriever, generator, objective, task or reader.", show_default=False)
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in recipes, such as ward-notes.", show_default=False)],
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where its folder goes.")] = Path("."),
    json: Json = False,
) -> None:
    """Write a package for a plugin of your own: code that works, and a test that inherits jmlr's."""
    from jmlr_cli import console
    from jmlr_cli.scaffold import new_plugin

    folder = new_plugin(kind, name, into.expanduser())
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if json:
        made = {"kind": kind, "name": name, "distribution": folder.name, "folder": str(folder), "files": files}
        console.emit({"schema": "jmlr.plugin/1", "status": "ok", **made})
        return
    for file in files:
        console.out().print(f"{folder / file}", markup=False, soft_wrap=True)
    console.out().print(
        f"next: cd {folder} && pip install --editable '.[test]' && pytest && jmlr plugins", markup=False, soft_wrap=True
    )


def _as_json(found: Registry) -> dict[str, Any]:
    return {
        "schema": "jmlr.plugins/1",
        "plugins": [
            {
                "name": p.name,
                "distribution": p.distribution,
                "version": p.version,
                "status": "broken" if p.error else "ok",
                "error": p.error,
                "seconds": round(p.seconds, 3),
            }
            for p in found.plugins
        ],
        "offers": [{"kind": o.kind, "name": o.name, "summary": o.summary, "plugin": o.plugin} for o in found.offers],
    }


def _described(offer: Offer, own: dict[str, Any]) -> str:
    """An offer's one line; a command that jmlr's own hides says so."""
    hidden = offer.kind == "command" and offer.name in own
    return f"{offer.summary} (hidden: jmlr has a command of this name)" if hidden else offer.summary


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="plugins")
