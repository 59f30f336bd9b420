"""Word counts turned round: from the words of each passage to the passages of each word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from jmlr_plugins.retrievers.bm25.postings import Postings
from jmlr_plugins.retrievers.bm25.word_counts import WordCounts
from jmlr_plugins.retrievers.bm25.word_weights import WordWeights

SMALL = 1 << 16
"""Up to so many passages impacts are float64: the sums then fit a processor's cache. Beyond, float32 takes two thirds of the
time, and the few scores that matter are computed exactly elsewhere."""
FREQUENT, FREQUENT_SMALL = 8, 4
"""A word of more than one passage in so many has its impact on every passage in a row of its own. Adding up a whole row takes a
tenth of the time a posting that scattered sums take; and in a large index the row is only looked up for a few passages."""


def write_postings(folder: Path, counts: WordCounts, weights: WordWeights) -> None:
    """Write the files that :meth:`Postings.read` reads; resident memory does not depend on the number of passages."""
    frequencies = counts.document_frequencies()
    starts = np.concatenate([[0], np.cumsum(frequencies)]).astype(np.int64)
    small = len(counts) <= SMALL
    frequent = np.flatnonzero(frequencies * (FREQUENT_SMALL if small else FREQUENT) > len(counts))
    for name, array in (("word_starts", starts), ("frequent_words", frequent)):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    number = np.float64 if small else np.float32
    rows = open_memmap(folder / "word_passages.npy", "w+", np.int32, (int(starts[-1]),))
    impacts = open_memmap(folder / "word_impacts.npy", "w+", number, (int(starts[-1]),))
    for at, passages, values in _inverted(counts, weights, starts):
        rows[at], impacts[at] = passages, values
    dense = open_memmap(folder / "frequent_impacts.npy", "w+", number, (len(frequent), len(counts)))
    _fill(dense, frequent, starts, rows, impacts)


def reweighed(postings: Postings, counts: WordCounts, weights: WordWeights) -> Postings:
    """The same passages of the same words with other weights, in memory."""
    impacts, dense = np.empty_like(postings.impacts), np.zeros_like(postings.dense)
    for at, _, values in _inverted(counts, weights, postings.starts):
        impacts[at] = values
    _fill(dense, postings.frequent, postings.starts, postings.rows, impacts)
    return Postings(postings.starts, postings.rows, impacts, postings.frequent, dense)


def _inverted(
    counts: WordCounts, weights: WordWeights, starts: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Postings, some at a time: where each stands when words begin at ``starts``, its passage and its impact."""
    free = starts[:-1].copy()
    for passages, entries in counts.pieces():
        words = counts.words[entries].astype(np.int64)
        order = np.sort(words << 32 | np.arange(len(words))) & 0xFFFFFFFF  # by word, then as they come
        words = words[order]
        firsts = np.flatnonzero(np.diff(words, prepend=-1))
        sizes = np.diff(firsts, append=len(words))
        at = free[words] + np.arange(len(words)) - np.repeat(firsts, sizes)
        free[words[firsts]] += sizes
        lengths = np.diff(counts.starts[passages.start : passages.stop + 1])
        rows = np.repeat(np.arange(passages.start, passages.stop), lengths)[order]
        yield at, rows, weights.impacts(weights.idf[words], counts.counts[entries][order], rows)


def _fill(dense: NDArray, frequent: NDArray, starts: NDArray, rows: NDArray, impacts: NDArray) -> None:
    for place, word in enumerate(frequent.tolist()):
        span = slice(int(starts[word]), int(starts[word + 1]))
        dense[place, rows[span]] = impacts[span]
