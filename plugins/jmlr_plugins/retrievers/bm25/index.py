"""The files of BM25: written, opened, searched."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.values import Match
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_json
from jmlr_plugins.retrievers.bm25.frequent import Frequent, with_all, with_few
from jmlr_plugins.retrievers.bm25.inversion import reweighed, write_postings
from jmlr_plugins.retrievers.bm25.postings import Postings
from jmlr_plugins.retrievers.bm25.word_counts import WordCounts
from jmlr_plugins.retrievers.bm25.word_weights import Weighting, inverse_frequencies, word_weights
from jmlr_plugins.retrievers.bm25.words import Latest, Words
from jmlr_plugins.retrievers.storage.rows import REBUILD, Rows, read_array

SCORED_AT_ONCE = 4096
"""Passages whose exact scores are computed together."""


def write_index(into: Path, weighting: Weighting) -> None:
    """Add to the word counts in ``into`` what :class:`BM25Index` reads beside them, weighed by ``weighting``."""
    counts = WordCounts.read(into)
    idf = inverse_frequencies(counts, weighting)
    np.save(into / "word_weights.npy", idf, allow_pickle=False)
    write_postings(into, counts, word_weights(counts, weighting, idf))
    write_json(into / "weighting.json", asdict(weighting))


class BM25Index:
    """The files in ``at``, opened. Their weights are used as they are where they are those of ``weighting``, and
    otherwise computed, which takes a second for ten million postings.

    A query is summed up over the postings of its words. In a large index that is done in float32, and the passages that
    can be among the best by it are scored exactly, in float64, from their own word counts.
    """

    def __init__(self, at: Path, weighting: Weighting, words: Words) -> None:
        self._counts = WordCounts.read(at)
        place = {word: v for v, word in enumerate(self._counts.vocabulary)}
        self._split, self._numbers = words.split, Latest(lambda word: place.get(words.stem(word)))
        self.rows = Rows.read(at / "ids.json", len(self._counts))
        self._postings = Postings.read(at, self._counts)
        as_written = _read_weighting(at / "weighting.json") == weighting
        idf = read_array(at / "word_weights.npy") if as_written else inverse_frequencies(self._counts, weighting)
        if len(idf) != len(self._counts.vocabulary):
            raise DamagedError(f"the word weights in {at} do not fit their vocabulary", REBUILD)
        self._weights = word_weights(self._counts, weighting, idf)
        if not as_written:
            self._postings = reweighed(self._postings, self._counts, self._weights)
        self._asked, self._is_asked, self._lock = np.zeros(len(idf)), np.zeros(len(idf), dtype=bool), Lock()

    def search(self, query: str, k: int, rows: NDArray[np.int64] | None = None) -> list[Match]:
        """The ``k`` best passages for ``query``; with ``rows``, the best of those."""
        asked = cast("Counter[int]", Counter(map(self._numbers.__getitem__, self._split(query))))
        asked.pop(cast(int, None), None)  # words that no passage has
        sums, frequent = self._postings.sums(asked)
        order, exact = self.rows.order, self._postings.exact
        if rows is not None:
            sums, order = sums[rows], order[rows]
        words = [self._frequent(word, asked[word]) for word in frequent]
        add, span = (with_all, 0.0) if exact else (with_few, 2 * self._slack(asked))
        places, scores = add(sums, words, k, span, order, rows)
        found = places if rows is None else rows[places]
        if not exact:
            scores = self._scores(found, asked)
        first = np.lexsort((order[places], -scores))[:k]
        return self.rows.matches(found[first], scores[first])

    def _frequent(self, word: int, times: int) -> Frequent:
        most = abs(self._weights.idf.item(word)) * (self._weights.k1 + 1) * times
        return Frequent(most, self._postings.all_impacts(word), times)

    def _slack(self, asked: Mapping[int, int]) -> float:
        """How far a sum in float32 may be off: an impact is below ``|idf| * (k1 + 1)``."""
        largest = float(np.abs(self._weights.idf[[*asked]]) @ [*asked.values()]) * (self._weights.k1 + 1)
        return (len(asked) + 2) * 2.0**-24 * largest

    def _scores(self, rows: NDArray[np.int64], asked: Mapping[int, int]) -> NDArray[np.float64]:
        """The exact scores of some passages (n,): ``sum over words of n * idf * tf * (k1 + 1) / (tf + norm)``, ``n`` times
        a word stands in the query."""
        words = np.fromiter(asked, np.int64, len(asked))
        weights = self._weights.idf[words] * [*asked.values()]
        parts = [rows[first : first + SCORED_AT_ONCE] for first in range(0, len(rows), SCORED_AT_ONCE)]
        return np.concatenate([np.zeros(0), *(self._exact(part, words, weights) for part in parts)])

    def _exact(self, rows: NDArray[np.int64], words: NDArray[np.int64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
        entries, owners = self._counts.entries_of(rows)  # take() costs half of what indexing with an array does
        hits, weights = self._asked_in(self._counts.words.take(entries), words, asked)
        owners, counts = owners.take(hits), self._counts.counts.take(entries.take(hits))
        scores = np.bincount(owners, self._weights.impacts(weights, counts, rows.take(owners)), minlength=len(rows))
        return scores  # type: ignore[return-value]  # with weights it is float64

    def _asked_in(
        self, found: NDArray[np.int32], words: NDArray[np.int64], asked: NDArray[np.float64]
    ) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
        """The places in ``found`` (n,) of any of ``words`` (m,), and the ``asked`` (m,) of each."""
        with self._lock:  # the tables serve all queries: new ones would cost more than a query
            self._is_asked[words], self._asked[words] = True, asked
            try:
                places = np.flatnonzero(self._is_asked.take(found))
                return places, self._asked.take(found.take(places))
            finally:
                self._is_asked[words] = False


def _read_weighting(path: Path) -> Weighting:
    try:
        return Weighting(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise DamagedError(f"the index file {path} cannot be read: {error}", REBUILD) from error
