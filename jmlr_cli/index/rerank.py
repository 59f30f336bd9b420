"""Passages that came with a question, in a retriever's order."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from jmlr_cli.contracts.retriever import Retriever, TrainableRetriever
from jmlr_cli.contracts.values import Hit, Match, Passage


def rerank(retriever: Retriever, query: str, passages: Sequence[Passage]) -> list[Hit]:
    """All ``passages`` by their score for ``query``, best first; no index is needed."""
    if not passages:
        return []
    matches = (
        _encoded(retriever, query, passages)
        if isinstance(retriever, TrainableRetriever)
        else _indexed(retriever, query, passages)
    )
    by_id = {passage.id: passage for passage in passages}
    return [Hit(rank, match.score, by_id[match.passage_id]) for rank, match in enumerate(matches, 1)]


def _encoded(retriever: TrainableRetriever, query: str, passages: Sequence[Passage]) -> list[Match]:
    import torch

    with torch.inference_mode():
        encoded = retriever.encode_passages([passage.content for passage in passages])
        scores = retriever.score(retriever.encode_queries([query]), encoded)[0].tolist()
    matches = [Match(passage.id, score) for passage, score in zip(passages, scores, strict=True)]
    return sorted(matches, key=lambda match: (-match.score, match.passage_id))


def _indexed(retriever: Retriever, query: str, passages: Sequence[Passage]) -> list[Match]:
    """A retriever that only reads an index gets one for the moment; what it does not find goes last."""
    with tempfile.TemporaryDirectory() as folder:
        retriever.build(sorted(passages, key=lambda passage: passage.id), Path(folder))
        retriever.open(Path(folder))
        found = retriever.search([query], len(passages))[0]
    missed = sorted({passage.id for passage in passages} - {match.passage_id for match in found})
    return [*found, *(Match(each, float("-inf")) for each in missed)]
