"""How well a retriever finds the documents that people judged relevant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.documents import Ranking, Search, rank_documents
from jmlr_cli.evaluation.ranking import Judgements, ndcg_at, recall_at, reciprocal_rank

DEPTHS = (10, 100)


def evaluate_retrieval(
    search: Search,
    queries: Mapping[str, str],
    qrels: Mapping[str, Judgements],
    depths: Sequence[int] = DEPTHS,
    progress: Progress = silent,
) -> dict[str, float]:
    """``nDCG@k`` and ``R@k`` for every depth, and ``RR`` to the greatest one, of documents ranked by their best passage.

    ``queries``: id to text; ``qrels``: query id to its judgements. Raises :class:`InputError` when no query is judged.
    """
    judged = judged_queries(queries, qrels)
    rankings = rank_documents(search, {id: queries[id] for id in judged}, max(depths), progress)
    return retrieval_measures(rankings, qrels, depths)


def judged_queries(queries: Mapping[str, str], qrels: Mapping[str, Judgements]) -> list[str]:
    """The ids of the queries that have a relevant document: only for them is a measure defined."""
    judged = [id for id in queries if any(grade > 0 for grade in qrels.get(id, {}).values())]
    if not judged:
        raise InputError("no query has a relevant document in the qrels", "Check that both files name the queries alike.")
    return judged


def retrieval_measures(
    rankings: Mapping[str, Ranking], qrels: Mapping[str, Judgements], depths: Sequence[int] = DEPTHS
) -> dict[str, float]:
    """The mean of each measure over the ranked queries, by its name."""
    documents = {id: [document for document, _ in ranking] for id, ranking in rankings.items()}
    measures = {f"nDCG@{k}": [ndcg_at(ranked, qrels[id], k) for id, ranked in documents.items()] for k in depths}
    measures |= {f"R@{k}": [recall_at(ranked, qrels[id], k) for id, ranked in documents.items()] for k in depths}
    measures["RR"] = [reciprocal_rank(ranked, qrels[id]) for id, ranked in documents.items()]
    return {name: sum(values) / len(values) for name, values in measures.items()}
