"""`jmlr recipes`: the recipes that ship, one of them whole, a copy to edit, a file checked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jmlr_cli.commands.options import Json, Set

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
    rows = [
        (name, r.description, f"{r.needs.gpu_memory:g} GiB" if r.needs.gpu_memory else "none", r.needs.hours)
        for name, r in found.items()
    ]
    print_table("", ("recipe", "what it trains", "GPU", "time"), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RECIPE", show_default=False)],
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Show a recipe with every value spelt out."""
    from jmlr_cli import console
    from jmlr_cli.recipe.load import load_recipe, recipe_yaml

    recipe = load_recipe(name, overrides or [])
    if json:
        console.emit({"schema": "jmlr.recipe/1", "name": name, "recipe": recipe.model_dump(mode="json")})
    else:
        console.out().print(recipe_yaml(recipe), end="", markup=False, soft_wrap=True)


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
        place = f"{name}:{mistake.line}: " if mistake.line else f"{name}: "
        console.out().print(f"{place}{mistake.message}", markup=False, soft_wrap=True)
    if mistakes:
        raise typer.Exit(3)
    if not json:
        console.out().print(f"{name} is valid", markup=False, soft_wrap=True)


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="recipes")
