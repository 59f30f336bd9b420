"""How well a retriever finds the documents that people judged relevant, in the field's own measures (ir-measures, trec_eval)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.documents import Ranking, Search, rank_documents

Judgements = Mapping[str, int]
"""A query's relevance judgements: document id to grade; above 0 is relevant."""

MEASURES = ("nDCG@10", "nDCG@100", "R@5", "R@10", "R@20", "R@100", "RR")
"""What is told of a BEIR folder."""

GOLD_MEASURES = ("nDCG@10", "R@1", "R@5", "R@20", "RR")
"""What is told of the gold documents of a question set."""

DEPTH = 100
"""Documents in a ranking: as deep as :data:`MEASURES` look."""


def evaluate_retrieval(
    search: Search,
    queries: Mapping[str, str],
    qrels: Mapping[str, Judgements],
    measures: Sequence[str] = MEASURES,
    progress: Progress = silent,
) -> dict[str, float]:
    """The measures of documents ranked by their best passage, the mean over the queries that have a relevant one.

    ``queries``: id to text; ``qrels``: query id to its judgements. Raises :class:`InputError` when no query is judged.
    """
    judged = judged_queries(queries, qrels)
    rankings = rank_documents(search, {id: queries[id] for id in judged}, DEPTH, progress)
    return retrieval_measures(rankings, qrels, measures)


def judged_queries(queries: Mapping[str, str], qrels: Mapping[str, Judgements]) -> list[str]:
    """The ids of the queries that have a relevant document: only for them is a measure defined."""
    judged = [id for id in queries if any(grade > 0 for grade in qrels.get(id, {}).values())]
    if not judged:
        raise InputError("no query has a relevant document in the qrels", "Check that both files name the queries alike.")
    return judged


def retrieval_measures(
    rankings: Mapping[str, Ranking], qrels: Mapping[str, Judgements], measures: Sequence[str] = MEASURES
) -> dict[str, float]:
    """The mean of each measure over the ranked queries, by its name in ir-measures. Documents count in the order in which
    they are ranked: trec_eval would put those of equal scores in the order of their names."""
    import ir_measures

    run = {id: {document: -place for place, (document, _) in enumerate(ranking)} for id, ranking in rankings.items()}
    judged = {id: dict(qrels[id]) for id in rankings}
    parsed = {ir_measures.parse_measure(name): name for name in measures}
    found = ir_measures.calc_aggregate(list(parsed), judged, run)
    return {name: float(found[measure]) for measure, name in parsed.items()}


def gold_measures(ranks: Sequence[int]) -> dict[str, float]:
    """The measures of questions with one gold document each, from the rank of its first passage among those retrieved (0:
    not there), and ``n``, how many there are. Empty without any."""
    if not ranks:
        return {}
    rankings = {str(n): [(str(place), 0.0) for place in range(1, rank + 1)] for n, rank in enumerate(ranks)}
    qrels = {str(n): {str(rank): 1} for n, rank in enumerate(ranks)}
    return {**retrieval_measures(rankings, qrels, GOLD_MEASURES), "n": len(ranks)}
