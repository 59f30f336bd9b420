"""Documents ranked by their best passage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Hit

Search = Callable[[Sequence[str], int], list[list[Hit]]]
"""Finds the ``k`` best passages of each text, best first; fewer when there are fewer."""

Ranking = list[tuple[str, float]]
"""Document ids with their scores, best first."""

BATCH = 32


def best_documents(hits: Iterable[Hit]) -> Ranking:
    """The documents of ``hits``, each once, at the place and with the score of its best passage."""
    best: dict[str, float] = {}
    for hit in hits:
        best.setdefault(hit.passage.document, hit.score)
    return list(best.items())


def rank_documents(search: Search, queries: Mapping[str, str], depth: int, progress: Progress = silent) -> dict[str, Ranking]:
    """The ``depth`` best documents of each query, by query id. Where several passages of one document stand
    high, more passages are asked for until there are enough documents or no more passages."""
    rankings: dict[str, Ranking] = {}
    ids = list(queries)
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        rankings |= _batch_rankings(search, {id: queries[id] for id in batch}, depth)
        progress(len(batch), len(ids))
    return rankings


def _batch_rankings(search: Search, queries: Mapping[str, str], depth: int) -> dict[str, Ranking]:
    found: dict[str, Ranking] = {}
    waiting, k = list(queries), depth
    while waiting:
        hits = dict(zip(waiting, search([queries[id] for id in waiting], k), strict=True))
        found |= {id: best_documents(hits[id])[:depth] for id in waiting}
        waiting = [id for id in waiting if len(found[id]) < depth and len(hits[id]) >= k]
        k *= 2
    return found
