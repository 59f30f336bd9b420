"""`jmlr index`: documents become an index."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.options import Json, RecipeName, RetrieverName, RunName, Set

if TYPE_CHECKING:
    from jmlr_cli.contracts.config import RetrieverConfig
    from jmlr_cli.contracts.values import Passage
    from jmlr_cli.corpus.sources import Skipped
    from jmlr_cli.index.build import Change


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders and files of documents.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", help="The index's name; by default the folder's.")] = None,
    retriever: RetrieverName = None,
    recipe: RecipeName = None,
    run: RunName = None,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Index a folder of documents, or bring its index up to date."""
    from jmlr_cli import console
    from jmlr_cli.commands.retriever_choice import chosen_retriever
    from jmlr_cli.workspace import Workspace

    started = time.monotonic()
    config, words = chosen_retriever(retriever, recipe, run, overrides or [])
    folder = Workspace.current().index(name or default_name(paths))
    passages, skipped = read_passages(paths, words)
    change = encode(folder, config, passages, words)
    result = summary(change, skipped, time.monotonic() - started)
    console.emit(result) if json else show(result)


def read_passages(paths: Sequence[Path], words: int) -> tuple[list[Passage], list[Skipped]]:
    """All passages below the paths, and what was skipped."""
    from jmlr_cli import console
    from jmlr_cli.corpus.folder import CorpusReader
    from jmlr_cli.corpus.passages import split_document

    reader = CorpusReader(paths)
    with console.progress_bar("reading documents") as progress:
        passages = [passage for document in reader.documents(progress) for passage in split_document(document, words)]
    return passages, reader.skipped


def encode(folder: Path, config: RetrieverConfig, passages: list[Passage], words: int) -> Change:
    """Make the index hold the passages."""
    from jmlr_cli import console
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.index.build import build_index
    from jmlr_cli.models.catalogue import catalogue
    from jmlr_cli.models.resolve import is_here, pull

    checkpoint = config.checkpoint or ""
    entry = catalogue().get(checkpoint)
    if entry and entry.built and not is_here(checkpoint):
        pull(checkpoint, [passage.text for passage in passages])  # its vocabulary comes from this corpus
    with console.progress_bar("encoding passages") as progress:
        return build_index(folder, make_retriever(config), passages, words, progress)


def summary(change: Change, skipped: list[Skipped], seconds: float) -> dict[str, Any]:
    """The command's JSON. ``added``, ``unchanged`` and ``removed`` count passages."""
    return {
        "schema": "jmlr.index/1",
        "status": "ok",
        "index": change.manifest.name,
        "retriever": change.manifest.retriever,
        "documents": change.manifest.documents,
        "passages": change.manifest.passages,
        "added": change.added,
        "unchanged": change.unchanged,
        "removed": change.removed,
        "skipped": [{"path": each.path, "reason": each.reason} for each in skipped],
        "seconds": round(seconds, 2),
    }


def show(result: dict[str, Any]) -> None:
    """The summary for people."""
    from rich.markup import escape

    from jmlr_cli import console

    console.out().print(
        f"[bold green]indexed[/bold green] {result['documents']:,} documents as {result['passages']:,} passages in "
        f"[bold]{escape(result['index'])}[/bold] ({escape(result['retriever'])}): {result['added']:,} added, "
        f"{result['unchanged']:,} unchanged, {result['removed']:,} removed, {result['seconds']:.1f} s"
    )
    for each in result["skipped"][:10]:
        console.err().print(f"[yellow]skipped[/yellow] {escape(each['path'])}: {escape(each['reason'])}")
    if len(result["skipped"]) > 10:
        console.err().print(f"[yellow]skipped[/yellow] {len(result['skipped']) - 10} more; --json lists them all")


def default_name(paths: Sequence[Path]) -> str:
    """An index's name from what is indexed: the first folder's, or the file's without its ending."""
    path = paths[0].expanduser().resolve()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem if path.is_file() else path.name).strip("-._")
    return name or "index"


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(index)
