"""Okapi BM25: passages that share words with the question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from rank_bm25 import BM25Okapi

from jmlr_cli.contracts.config import RetrieverConfig, Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage
from jmlr_plugins.retrievers.postings import Postings, PostingsBuilder, merged
from jmlr_plugins.retrievers.rows import Rows
from jmlr_plugins.retrievers.words import Stemmer, StopWords, tokenizer


class BM25Options(Section):
    """How words are made and weighed."""

    k1: float = Field(1.5, ge=0, description="How soon repeating a word stops counting.")
    b: float = Field(0.75, ge=0, le=1, description="How much a long passage is held back.")
    epsilon: float = Field(0.25, ge=0, description="Weight of a word in over half of the passages, as a share of the mean.")
    stopwords: StopWords = Field("english", description="Words left out: English function words, or none.")
    stemmer: Stemmer = Field("s", description="How words are folded: s takes off plural endings, none leaves them.")


class _Weights(BM25Okapi):
    """rank_bm25's own word weights, from postings instead of texts."""

    def _initialize(self, postings: Postings) -> dict[str, int]:
        self.corpus_size = len(postings.lengths)
        self.avgdl = float(postings.lengths.sum()) / self.corpus_size
        return dict(zip(postings.vocabulary, postings.document_frequencies.tolist(), strict=True))


class BM25Retriever(Retriever):
    """BM25 with the scores of ``rank_bm25.BM25Okapi``, from an inverted file.

    The files hold word counts only, so ``k1``, ``b`` and ``epsilon`` can change without a new index.
    """

    Options: ClassVar[type[Section]] = BM25Options
    options: BM25Options
    unmatched_score: ClassVar[float | None] = 0.0

    def __init__(self, config: RetrieverConfig) -> None:
        super().__init__(config)
        self._words = tokenizer(self.options.stopwords, self.options.stemmer)

    @property
    def fingerprint(self) -> str:
        return f"bm25/1 stopwords={self.options.stopwords} stemmer={self.options.stemmer}"

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        rows, postings = self._counted(passages, progress)
        rows.write(into / "ids.json")
        postings.write(into)

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        before = Postings.read(old)
        rows = Rows.read(old / "ids.json", len(before.lengths))
        kept = rows.kept(removed)
        new_rows, new = self._counted(added, progress)
        rows.replaced(kept, new_rows.ids).write(into / "ids.json")
        merged(before, kept, new).write(into)

    def open(self, at: Path) -> None:
        self._postings = Postings.read(at)
        self._rows = Rows.read(at / "ids.json", len(self._postings.lengths))
        self._idf, self._norm = self._weights(self._postings)

    def search(self, queries: Sequence[str], k: int) -> list[list[Match]]:
        return [self._rows.best(self._scores(query), k) for query in queries]

    def _counted(self, passages: Iterable[Passage], progress: Progress) -> tuple[Rows, Postings]:
        ids, builder = [], PostingsBuilder()
        for passage in passages:
            ids.append(passage.id)
            builder.add(self._words(passage.content))
            progress(1)
        return Rows(ids), builder.finish()

    def _weights(self, postings: Postings) -> tuple[dict[str, float], NDArray[np.floating]]:
        """The inverse document frequency of each word, and each passage's ``k1 * (1 - b + b * |d| / avgdl)``."""
        k1, b = self.options.k1, self.options.b
        if not postings.vocabulary:
            return {}, np.zeros(len(postings.lengths))
        weights = _Weights(postings, k1=k1, b=b, epsilon=self.options.epsilon)
        return dict(weights.idf), k1 * (1 - b + b * postings.lengths / weights.avgdl)

    def _scores(self, query: str) -> NDArray[np.float64]:
        """``sum over words of n * idf * tf * (k1 + 1) / (tf + norm)``, ``n`` times a word stands in the query: (N,)."""
        scores = np.zeros(len(self._rows))
        for word, repeats in Counter(self._words(query)).items():
            if word in self._idf:
                rows, tf = self._postings.of(word)
                scores[rows] += repeats * self._idf[word] * (tf * (self.options.k1 + 1) / (tf + self._norm[rows]))
        return scores
