"""What late interaction is measured on: token vectors of passages, and questions."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial
from typing import cast

from measures import seconds_of

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_plugins.retrievers.colbert.retriever import ColBERTRetriever
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors, joined
from jmlr_plugins.retrievers.encoders.encoding import inference
from retrieval_parts.generated_tokens import TokenMaker, generated, generated_questions
from retrieval_parts.passages import short_questions, source, usual_passages
from retrieval_parts.settings import Settings
from retrieval_parts.tokens import TokenCorpus, encoded, padded_queries


@dataclass(frozen=True)
class Material:
    """What is searched, and the questions. ``question_ms``: encoding one question, where one was encoded."""

    about: str
    tokens: TokenCorpus
    queries: TokenVectors
    question_ms: float | None = None


def usual_material(settings: Settings) -> Material:
    """The corpus, encoded, and its questions; generated vectors where there is no corpus."""
    if settings.corpus is None:
        return generated_material(settings, settings.sizes.passages, settings.sizes.queries)
    retriever, passages = colbert(settings), usual_passages(settings)
    tokens = encoded(settings.work, retriever, passages)
    texts = short_questions(settings, passages, settings.sizes.queries)
    about = f"{settings.corpus.name} in passages of {settings.words} words, questions of {source(settings.queries, 'passages')}"
    return Material(about, tokens, *encoded_questions(retriever, texts))


def generated_material(settings: Settings, passages: int, queries: int) -> Material:
    """Vectors made from the seed."""
    sizes = settings.sizes
    maker = TokenMaker.of(sizes.types, passages, sizes.tokens, settings.seed)
    tokens = generated(settings.work, passages, maker)
    return Material("generated vectors", tokens, padded_queries(generated_questions(maker, passages, queries)))


def colbert(settings: Settings) -> ColBERTRetriever:
    """The plugin. Questions are not filled up with [MASK]: this encoder was never trained so."""
    options = {"query_length": 0, "precision": settings.precision}
    config = RetrieverConfig(plugin="colbert", checkpoint=settings.checkpoint, options=options)
    return cast(ColBERTRetriever, make_retriever(config))


def encoded_questions(retriever: ColBERTRetriever, texts: list[str]) -> tuple[TokenVectors, float]:
    """The questions, encoded one by one, and the median of how long one took, in milliseconds."""
    with inference(retriever.module, "float32"):
        retriever.encode_queries(texts[:1])
        taken = [seconds_of(partial(retriever.encode_queries, [text])) for text in texts]
    return joined([each for _, each in taken]), 1e3 * statistics.median(seconds for seconds, _ in taken)
