"""What a word counts for in a passage: BM25's weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from jmlr_plugins.retrievers.bm25.word_counts import WordCounts


@dataclass(frozen=True)
class Weighting:
    """How words are weighed; the names are those of the options."""

    k1: float
    b: float
    epsilon: float


@dataclass(frozen=True)
class WordWeights:
    """The weights of V words in N passages.

    ``idf``: (V,) inverse document frequencies. ``norms``: (N,) each passage's ``k1 * (1 - b + b * |d| / avgdl)``.
    """

    k1: float
    idf: NDArray[np.float64]
    norms: NDArray[np.floating]

    def impacts(self, idf: NDArray[np.float64], counts: NDArray[np.integer], rows: NDArray[np.integer]) -> NDArray[np.float64]:
        """What words of these ``idf`` (n,) add to the scores of the passages ``rows`` (n,) that hold them ``counts`` (n,)
        times: ``idf * tf * (k1 + 1) / (tf + norm)``."""
        return idf * counts * (self.k1 + 1) / (counts + self.norms.take(rows))


class _Okapi(BM25Okapi):
    """rank_bm25's own inverse document frequencies, from counts instead of texts."""

    def _initialize(self, counts: WordCounts) -> dict[str, int]:
        self.corpus_size = len(counts)
        return dict(zip(counts.vocabulary, counts.document_frequencies().tolist(), strict=True))


def inverse_frequencies(counts: WordCounts, weighting: Weighting) -> NDArray[np.float64]:
    """The inverse document frequency of each word: (V,)."""
    if not counts.vocabulary:
        return np.zeros(0)
    idf = _Okapi(counts, epsilon=weighting.epsilon).idf
    return np.array([idf[word] for word in counts.vocabulary])


def word_weights(counts: WordCounts, weighting: Weighting, idf: NDArray[np.float64]) -> WordWeights:
    """The weights of words with these inverse document frequencies."""
    mean = float(counts.lengths.sum(dtype=np.int64)) / max(len(counts), 1) or 1.0  # without any word it divides zeros only
    norms = weighting.k1 * (1 - weighting.b + weighting.b * counts.lengths / mean)
    return WordWeights(weighting.k1, idf, norms)
