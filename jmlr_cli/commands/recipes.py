"""`jmlr recipes`: the recipes that ship, and one of them whole."""

from __future__ import annotations

from typing import Annotated

import typer

from jmlr_cli.commands.options import Json, Set

app = typer.Typer(help="List the recipes, or show one.", invoke_without_command=True)


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


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="recipes")
