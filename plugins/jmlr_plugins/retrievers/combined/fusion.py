"""One score from the results of several retrievers."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.contracts.values import Match


def reciprocal_ranks(found: Sequence[Match], unmatched: float | None, k: float) -> dict[str, float]:
    """``1 / (k + rank)`` of each passage, ranks from 1 (Cormack, Clarke & Büttcher 2009).

    A passage of the score ``unmatched`` has nothing in common with the query, and no rank."""
    ranked = [match.passage_id for match in found if match.score != unmatched]
    return {passage: 1 / (k + rank) for rank, passage in enumerate(ranked, start=1)}


def scaled_scores(found: Sequence[Match], unmatched: float | None) -> dict[str, float]:
    """``(s - min s) / (max s - min s)`` of each passage, over those ``found``, best first: 1 for the best, 0 for the last.

    A passage that was not found counts as the last (Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions for Hybrid
    Retrieval", section 4, with the least score of the list in the place of a theoretical one, which few retrievers have). One
    of the score ``unmatched`` has nothing in common with the query, and no score."""
    matched = [match for match in found if match.score != unmatched]
    if not matched:
        return {}
    lowest, span = found[-1].score, found[0].score - found[-1].score
    return {match.passage_id: (match.score - lowest) / span if span else 1.0 for match in matched}
