"""`jmlr index`: documents become an index."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from jmlr_cli.commands.options import Json, RecipeName, RetrieverName, RunName, Set

if TYPE_CHECKING:
    from jmlr_cli.contracts.config import RetrieverConfig
    from jmlr_cli.contracts.progress import Progress
    from jmlr_cli.contracts.values import Passage
    from jmlr_cli.corpus.corpus import Corpus
    from jmlr_cli.corpus.sources import Skipped
    from jmlr_cli.index.build import Change

TINY_TEXTS = 20_000
"""Passages that the vocabulary of a tiny catalogue model is trained on, at most."""


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Folders and files of documents.", show_default=False)],
    name: Annotated[str | None, typer.Option("--name", help="The index's name; by default the folder's.")] = None,
    retriever: RetrieverName = None,
    recipe: RecipeName = None,
    run: RunName = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Encode all passages anew, not only those that changed.")] = False,
    devices: Annotated[int, typer.Option("--devices", min=1, help="Processes that encode together, one a device.")] = 1,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Index a folder of documents, or bring its index up to date. Run again, an interrupted call goes on where it stopped."""
    from jmlr_cli import console
    from jmlr_cli.commands.retriever_choice import chosen_retriever
    from jmlr_cli.launch import is_first, join, peers
    from jmlr_cli.workspace import Workspace

    started = time.monotonic()
    config, words = chosen_retriever(retriever, recipe, run, overrides or [])
    folder = Workspace.current().index(name or default_name(paths))
    with peers(devices):
        join()
        if not is_first():
            assist(config)
            return
        passages, skipped = read_passages(paths, words)
        change = encode(folder, config, passages, words, rebuild)
    result = summary(change, skipped, advice_on(folder), time.monotonic() - started)
    console.emit(result) if json else show(result)


def read_passages(paths: Sequence[Path], words: int) -> tuple[Corpus, list[Skipped]]:
    """The passages below the paths, read when they are iterated over, and the list that then fills with what was skipped."""
    from jmlr_cli import console
    from jmlr_cli.corpus.corpus import Corpus

    corpus = Corpus(paths, words, lambda: console.progress_bar("reading documents"))
    return corpus, corpus.skipped


def encode(folder: Path, config: RetrieverConfig, passages: Iterable[Passage], words: int, rebuild: bool = False) -> Change:
    """Make the index hold the passages."""
    from jmlr_cli import console
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.index.build import build_index
    from jmlr_cli.launch import processes, told

    next(iter(passages), None)  # what cannot be read at all is told before a model is fetched for it
    _bring(config.checkpoint or "", passages)
    going_on = lambda: console.notice("going on where an interrupted `jmlr index` stopped")  # noqa: E731
    retriever = make_retriever(config)
    if processes() > 1:
        retriever.take_share(0, processes())
    with _bar_at_first_step("encoding passages") as progress:
        return build_index(folder, retriever, passages, words, progress, rebuild=rebuild, on_resume=going_on, announce=told)


def assist(config: RetrieverConfig) -> None:
    """Do this process's share of what the first one builds."""
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.launch import processes, rank, told

    work = told(None)
    retriever = make_retriever(config)
    if work and retriever.take_share(rank(), processes()):
        work.done_by(retriever)


def advice_on(folder: Path) -> str | None:
    """What the index's retriever advises, if anything."""
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.index.manifest import generation_folder, read_manifest
    from jmlr_cli.index.open import index_config
    from jmlr_cli.index.work import VECTORS

    manifest = read_manifest(folder)
    retriever = make_retriever(index_config(manifest))
    retriever.open(generation_folder(folder, manifest) / VECTORS)
    return retriever.advice()


def _bring(checkpoint: str, passages: Iterable[Passage]) -> None:
    """Build a tiny catalogue model that is not here yet: its vocabulary comes from this corpus."""
    from itertools import islice

    from jmlr_cli.models.catalogue import catalogue
    from jmlr_cli.models.resolve import is_here, pull

    entry = catalogue().get(checkpoint)
    if entry and entry.built and not is_here(checkpoint):
        pull(checkpoint, islice((passage.text for passage in passages), TINY_TEXTS))


@contextmanager
def _bar_at_first_step(description: str) -> Iterator[Progress]:
    """A bar that shows only once there is something to tell: a terminal has room for one, and documents are read first."""
    from contextlib import ExitStack

    from jmlr_cli import console

    with ExitStack() as stack:
        shown: list[Progress] = []

        def advance(amount: int, total: int | None = None, note: str = "") -> None:
            if not shown:
                shown.append(stack.enter_context(console.progress_bar(description)))
            shown[0](amount, total, note)

        yield cast("Progress", advance)


def summary(change: Change, skipped: list[Skipped], advice: str | None, seconds: float) -> dict[str, Any]:
    """The command's JSON. ``added``, ``unchanged`` and ``removed`` count passages; ``advice`` is there when there is some."""
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
        "resumed": change.resumed,
        "skipped": [{"path": each.path, "reason": each.reason} for each in skipped],
        "seconds": round(seconds, 2),
        **({"advice": advice} if advice else {}),
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
    if "advice" in result:
        console.err().print(f"[yellow]advice[/yellow] {escape(result['advice'])} (jmlr index --rebuild does so)", soft_wrap=True)


def default_name(paths: Sequence[Path]) -> str:
    """An index's name from what is indexed: the first folder's, or the file's without its ending."""
    path = paths[0].expanduser().resolve()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem if path.is_file() else path.name).strip("-._")
    return name or "index"


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(index)
