"""`jmlr ward`."""

import typer

from jmlr_cli.errors import InputError

app = typer.Typer(help="Look around on the ward.")


@app.command()
def titles(index: str, json: bool = typer.Option(False, "--json")) -> None:
    """List the titles in an index."""
    from jmlr_cli import console
    from jmlr_cli.answering.system import find_index
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.index.open import open_index

    found = sorted({passage.title for passage in open_index(find_index(index), make_retriever).passages})
    if json:
        console.emit({"schema": "ward.titles/1", "titles": found})
    else:
        console.out().print("\n".join(found))


@app.command()
def close() -> None:
    """Close the ward, which is not allowed."""
    raise InputError("the ward cannot be closed", "Ask the matron.")
