"""`jmlr plugins`: what is installed, and what it offers."""

from __future__ import annotations

import typer

from jmlr_cli.commands.options import Json


def plugins(json: Json = False) -> None:
    """List the plugins that are installed, the broken ones with their error."""
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.plugins import registry

    found = registry()
    if json:
        console.emit(
            {
                "schema": "jmlr.plugins/1",
                "plugins": [
                    {
                        "name": p.name,
                        "distribution": p.distribution,
                        "version": p.version,
                        "status": "broken" if p.error else "ok",
                        "error": p.error,
                    }
                    for p in found.plugins
                ],
                "offers": [{"kind": o.kind, "name": o.name, "summary": o.summary, "plugin": o.plugin} for o in found.offers],
            }
        )
        return
    rows = [(o.kind, o.name, o.summary, o.plugin) for o in sorted(found.offers, key=lambda o: (o.kind, o.name))]
    print_table("", ("kind", "name", "what it is", "from"), rows)
    for plugin in found.plugins:
        if plugin.error:
            print_table("", ("broken plugin", "error"), [(f"{plugin.name} ({plugin.distribution})", plugin.error)])


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(plugins)
