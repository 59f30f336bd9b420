"""A hit as JSON."""

from __future__ import annotations

from typing import Any

from jmlr_cli.contracts.values import Hit


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as the command line's and the server's JSON shows it."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "passage": passage.id,
        "document": passage.document,
        "title": passage.title,
        "text": passage.text,
        "metadata": dict(passage.metadata),
    }
