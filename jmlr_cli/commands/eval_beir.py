"""`jmlr eval` of a BEIR folder: a retriever, without a language model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jmlr_cli.contracts.filters import Condition


def beir(
    folder: Path,
    split: str | None,
    retriever: str | None,
    recipe: str | None,
    run: str | None,
    overrides: list[str],
    where: Sequence[Condition] = (),
) -> dict[str, Any]:
    """Retrieval measures on a BEIR folder. Its corpus is indexed, whole documents as passages; what an earlier
    call indexed is kept. ``where`` filters what is retrieved, not what is judged."""
    import time

    from jmlr_cli import console
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.commands.index import default_name, encode, read_passages
    from jmlr_cli.commands.retriever_choice import chosen_retriever
    from jmlr_cli.evaluation.beir import read_beir
    from jmlr_cli.evaluation.retrieval import evaluate_retrieval, judged_queries
    from jmlr_cli.index.open import open_index
    from jmlr_cli.workspace import Workspace

    started = time.monotonic()
    data = read_beir(folder, split)
    config, words = chosen_retriever(retriever, recipe, run, overrides)
    at = Workspace.current().beir / f"{default_name([folder])}-{config.plugin}"
    passages, _ = read_passages([data.corpus], words)
    encode(at, config, passages, words)
    index = open_index(at, make_retriever).within(where)
    with console.progress_bar("searching") as progress:
        metrics = evaluate_retrieval(index.search, data.queries, data.qrels, progress=progress)
    return {
        "schema": "jmlr.eval/1",
        "status": "ok",
        "task": data.name,
        "split": data.split,
        "mode": "retrieval",
        "n": len(judged_queries(data.queries, data.qrels)),
        "retriever": config.plugin,
        "checkpoint": config.checkpoint,
        "run": run,
        "where": list(map(str, where)),
        "metrics": metrics,
        "seconds": round(time.monotonic() - started, 2),
    }
