"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer


def complete_set(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The keys that ``--set`` takes, for the shell; behind a key's "=", its values."""
    from jmlr_cli.recipe.completion import completions

    return completions(incomplete, context.params.get("recipe"))


Json = Annotated[bool, typer.Option("--json", help="Write one JSON object on stdout, and nothing else there.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a recipe key, such as training.seed=1.", autocompletion=complete_set
    ),
]
IndexName = Annotated[
    str | None, typer.Option("--index", metavar="NAME", help="The index to read; by default the run's, or the only one.")
]
RunName = Annotated[str | None, typer.Option("--run", metavar="RUN", help="A training run, or 'latest'.")]
RecipeName = Annotated[
    str | None, typer.Option("--recipe", metavar="RECIPE", help="A recipe's name or file (see `jmlr recipes`).")
]
RetrieverName = Annotated[
    str | None,
    typer.Option(
        "--retriever", metavar="PLUGIN", help="Use this retriever plugin, with the recipe's checkpoint if it reads one."
    ),
]
