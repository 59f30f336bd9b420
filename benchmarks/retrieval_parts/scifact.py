"""What compression costs in retrieval quality: nDCG@10 of a judged collection, exact and compressed."""

from __future__ import annotations

from collections.abc import Iterator

from jmlr_cli.contracts.values import Match
from jmlr_cli.corpus.corpus import Corpus
from jmlr_cli.errors import MissingError
from jmlr_cli.evaluation.beir import Beir, read_beir
from jmlr_cli.evaluation.retrieval import retrieval_measures
from jmlr_plugins.retrievers.colbert.compressed_index import CompressedIndex
from jmlr_plugins.retrievers.colbert.token_index import TokenIndex
from retrieval_parts.colbert import built_apart
from retrieval_parts.figures import Figure, Found
from retrieval_parts.material import colbert, encoded_questions
from retrieval_parts.settings import Settings
from retrieval_parts.tokens import encoded

DEPTH = 10
WHOLE = 100_000
"""Words: no abstract has so many, so each stays one passage."""
LOSS = 0.005


def measure_scifact(settings: Settings) -> Iterator[Found]:
    """The default setting beside exact MaxSim, over the same vectors. Raises :class:`MissingError` without a collection."""
    if settings.beir is None:
        raise MissingError("there is no judged collection", "Name a BEIR folder with --beir.")
    beir, retriever = read_beir(settings.beir), colbert(settings)
    passages = sorted(Corpus([beir.corpus], WHOLE), key=lambda passage: passage.id)
    tokens = encoded(settings.work, retriever, passages)
    into = tokens.folder.with_name(f"{tokens.folder.name}-compressed")
    built_apart(tokens, into, settings.threads)
    queries, _ = encoded_questions(retriever, [*beir.queries.values()])
    documents = {passage.id: passage.document for passage in passages}
    exact = _ndcg(beir, documents, TokenIndex.read(tokens.folder).search(queries, DEPTH))
    ours = _ndcg(beir, documents, CompressedIndex(into, *settings.points[0]).search(queries, DEPTH))
    figures = [
        Figure(f"nDCG@{DEPTH}, exact", exact),
        Figure(f"nDCG@{DEPTH}, compressed, default", ours),
        Figure("how far apart", abs(exact - ours), most=LOSS),
    ]
    about = f"{settings.beir.resolve().name}: {len(passages):,} passages, {len(beir.queries):,} queries of the split {beir.split}"
    yield Found("scifact", about, figures, {"exact": exact, "compressed": ours, "tokens": tokens.tokens})


def _ndcg(beir: Beir, documents: dict[str, str], found: list[list[Match]]) -> float:
    """The mean over the queries."""
    ranked = [[(documents[match.passage_id], match.score) for match in matches] for matches in found]
    measure = f"nDCG@{DEPTH}"
    return retrieval_measures(dict(zip(beir.queries, ranked, strict=True)), beir.qrels, [measure])[measure]
