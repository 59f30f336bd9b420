"""`jmlr recipes`: the recipes that ship, one of them whole, a copy to edit, a file checked, a schema for editors."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jmlr_cli.commands.options import Json, Set

if TYPE_CHECKING:
    from jmlr_cli.recipe.schema import NeedsConfig

app = typer.Typer(help="List, show, copy and check recipes.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def recipes(context: typer.Context, json: Json = False) -> None:
    """List the recipes that ship."""
    if context.invoked_subcommand:
        return
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.recipe.load import builtin_names, load_recipe

    found = {name: load_recipe(name) for name in builtin_names()}
    if json:
        entries = [{"name": name, "description": r.description, "needs": r.needs.model_dump()} for name, r in found.items()]
        console.emit({"schema": "jmlr.recipes/1", "recipes": entries})
        return
    rows = [(name, r.description, _needs(r.needs), r.needs.hours) for name, r in found.items()]
    print_table("", ("recipe", "what it trains", "needs, GiB", "time"), rows)


def _needs(needs: NeedsConfig) -> str:
    """GiB of GPU memory, memory and disk."""
    named = {"GPU": needs.gpu_memory, "memory": needs.memory, "disk": needs.disk}
    return ", ".join(f"{value:g} {name}" for name, value in named.items() if value) or "nothing"


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RECIPE", show_default=False)],
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Show a recipe with every value spelt out, and where it comes from."""
    from jmlr_cli import console
    from jmlr_cli.recipe.annotated import annotated_yaml
    from jmlr_cli.recipe.load import resolved

    found = resolved(name, overrides or [])
    if not json:
        console.out().print(annotated_yaml(found), end="", markup=False, soft_wrap=True)
        return
    origins = {".".join(keys): {"from": origin.name, "line": origin.line} for keys, origin in found.origins.items()}
    console.emit({"schema": "jmlr.recipe/1", "name": name, "recipe": found.recipe.model_dump(mode="json"), "origins": origins})


@app.command()
def schema() -> None:
    """Write the JSON schema of recipes, for editors: jmlr recipes schema > recipe.schema.json."""
    from jmlr_cli import console
    from jmlr_cli.recipe.json_schema import recipe_schema

    console.emit(recipe_schema())


@app.command()
def cp(
    name: Annotated[str, typer.Argument(metavar="RECIPE", show_default=False)],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The new recipe, which must not be there yet.", show_default=False)
    ],
) -> None:
    """Copy a recipe, with its comments, to a file of your own."""
    from jmlr_cli import console
    from jmlr_cli.errors import InputError
    from jmlr_cli.recipe.load import recipe_path

    text = recipe_path(name).read_text(encoding="utf-8")
    try:
        with file.expanduser().open("x", encoding="utf-8") as handle:
            handle.write(text)
    except FileExistsError:
        raise InputError(f"{file} is there already", "Name another file, or remove it.") from None
    console.out().print(f"{file}: edit it, then jmlr train --recipe {file}", markup=False, soft_wrap=True)


@app.command()
def validate(name: Annotated[str, typer.Argument(metavar="RECIPE", show_default=False)], json: Json = False) -> None:
    """Check a recipe: all its mistakes, with their lines."""
    from jmlr_cli import console
    from jmlr_cli.recipe.check import mistakes_in

    mistakes = mistakes_in(name)
    if json:
        told = [asdict(mistake) for mistake in mistakes]
        console.emit({"schema": "jmlr.validate/1", "recipe": name, "valid": not mistakes, "mistakes": told})
    for mistake in [] if json else mistakes:
        place = f"{mistake.recipe}:{mistake.line}: " if mistake.line else f"{mistake.recipe}: "
        console.out().print(f"{place}{mistake.message}", markup=False, soft_wrap=True)
    if mistakes:
        raise typer.Exit(3)
    if not json:
        console.out().print(f"{name} is valid", markup=False, soft_wrap=True)


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="recipes")
