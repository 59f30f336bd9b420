"""What is measured of a ranking of documents, as trec_eval defines it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Judgements = Mapping[str, int]
"""A query's relevance judgements: document id to grade; above 0 is relevant."""


def recall_at(ranked: Sequence[str], judged: Judgements, k: int) -> float:
    """R@k: the share of the relevant documents that are among the first ``k`` (trec_eval's ``recall``)."""
    relevant = {document for document, grade in judged.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], judged: Judgements) -> float:
    """RR: one over the rank of the first relevant document, 0 without one (trec_eval's ``recip_rank``)."""
    return next((1 / rank for rank, document in enumerate(ranked, start=1) if judged.get(document, 0) > 0), 0.0)


def ndcg_at(ranked: Sequence[str], judged: Judgements, k: int) -> float:
    """nDCG@k with linear gain: ``Σ grade / log2(rank + 1)`` over the first ``k``, divided by that of the best
    possible ranking (Järvelin & Kekäläinen 2002; trec_eval's ``ndcg_cut``). A negative grade counts as 0."""
    ideal = _dcg(sorted((max(grade, 0) for grade in judged.values()), reverse=True)[:k])
    return _dcg([max(judged.get(document, 0), 0) for document in ranked[:k]]) / ideal if ideal else 0.0


def _dcg(grades: Sequence[int]) -> float:
    return math.fsum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))
