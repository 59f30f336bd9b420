"""`jmlr search`: passages, without an answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jmlr_cli.commands.options import IndexName, Json, RunName
from jmlr_cli.commands.where import Where, given

if TYPE_CHECKING:
    from jmlr_cli.contracts.filters import Condition
    from jmlr_cli.index.open import Index


def search(
    query: Annotated[str | None, typer.Argument(metavar="QUESTION", help="What to look for.", show_default=False)] = None,
    index: IndexName = None,
    run: RunName = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 10,
    queries: Annotated[
        Path | None, typer.Option("--queries", metavar="FILE", help="JSON lines with _id and text, or question.")
    ] = None,
    trec: Annotated[Path | None, typer.Option("--trec", metavar="OUT", help="Write a TREC run file of documents.")] = None,
    heat_map: Annotated[
        Path | None,
        typer.Option("--heat-map", metavar="PNG", help="Draw which token of the question matched which of each passage."),
    ] = None,
    where: Where = None,
    json: Json = False,
) -> None:
    """Show the passages that fit a question best."""
    from jmlr_cli.errors import UsageError

    if (query is None) == (queries is None):
        raise UsageError("give either a question or --queries FILE", 'For example: jmlr search "fever in children"')
    if (queries is None) != (trec is None):
        raise UsageError("--queries and --trec belong together", "For example: --queries q.jsonl --trec run.trec -k 100")
    if heat_map and queries is not None:
        raise UsageError("--heat-map is drawn of one question", 'For example: jmlr search "fever" -k 3 --heat-map fever.png')
    opened = _opened(index, run, given(where))
    if query is not None:
        _one(query, opened, k, heat_map, json)
    elif queries is not None and trec is not None:
        _many(queries, trec, opened, k, json)


def _one(query: str, index: Index, k: int, heat_map: Path | None, json: bool) -> None:
    from jmlr_cli import console
    from jmlr_cli.answering.heat_map import draw_heat_maps
    from jmlr_cli.answering.hits import hit_json
    from jmlr_cli.commands.show import show_hits

    hits = index.search([query], k)[0]
    if heat_map:
        draw_heat_maps(query, hits, [index.retriever.explain(query, hit.passage.content) for hit in hits], heat_map)
        console.notice(f"wrote {heat_map}")
    if json:
        console.emit({"schema": "jmlr.search/1", "hits": [hit_json(hit) for hit in hits]})
    else:
        show_hits(hits)


def _many(queries: Path, trec: Path, index: Index, k: int, json: bool) -> None:
    from jmlr_cli import console
    from jmlr_cli.evaluation.beir import read_queries
    from jmlr_cli.evaluation.documents import rank_documents
    from jmlr_cli.evaluation.trec import write_trec_run

    found = read_queries(queries)
    with console.progress_bar("searching") as progress:
        rankings = rank_documents(index.search, found, k, progress)
    write_trec_run(trec, rankings, index.manifest.retriever)
    if json:
        console.emit({"schema": "jmlr.search/1", "queries": len(found), "trec": str(trec)})
    else:
        console.out().print(f"wrote {trec}: {len(found)} queries, up to {k} documents each", markup=False)


def _opened(name: str | None, run: str | None, where: Sequence[Condition]) -> Index:
    """The index called ``name``; a run's own, or this one behind the run's filters and searched as its retriever does."""
    from jmlr_cli.answering.system import find_index, open_system
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.index.open import open_index

    if run:
        return open_system(run, None, name, where=where).index
    return open_index(find_index(name), make_retriever).within(where)


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(search)
