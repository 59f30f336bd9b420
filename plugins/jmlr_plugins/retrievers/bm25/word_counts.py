"""How often each word stands in each passage, passage by passage; on disk until it is used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.storage.rows import REBUILD, read_array

AT_ONCE = 1 << 21
"""Words counted, sorted or moved at once."""
ARRAYS = ("passage_starts", "passage_words", "passage_counts", "passage_lengths")


@dataclass(frozen=True)
class WordCounts:
    """The words of N passages. Passage ``n`` holds word ``words[i]`` ``counts[i]`` times, for ``i`` from
    ``starts[n]`` to ``starts[n + 1]``; its words ascend.

    ``vocabulary``: V words, sorted. ``starts``: (N + 1,). ``words``, ``counts``: one entry for each word of each
    passage. ``lengths``: (N,) words in each passage.
    """

    vocabulary: list[str]
    starts: NDArray[np.int64]
    words: NDArray[np.int32]
    counts: NDArray[np.integer]
    lengths: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.lengths)

    def pieces(self) -> Iterator[tuple[slice, slice]]:
        """Runs of passages, and the entries of each: about ``AT_ONCE``."""
        return pieces(self.starts)

    def document_frequencies(self) -> NDArray[np.int64]:
        """In how many passages each word stands: (V,)."""
        return frequencies((self.words[entries] for _, entries in self.pieces()), len(self.vocabulary))

    def entries_of(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the entries of these passages (n,) stand, and for each which of the ``n`` it belongs to."""
        firsts = self.starts.take(rows)
        sizes = self.starts.take(rows + 1) - firsts
        owners = np.arange(len(rows)).repeat(sizes)
        return np.arange(len(owners)) + (firsts - sizes.cumsum() + sizes).take(owners), owners

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the word counts in ``folder``; raises :class:`DamagedError` when they do not fit together."""
        try:
            vocabulary = json.loads((folder / "vocabulary.json").read_bytes())
        except (OSError, ValueError) as error:
            raise DamagedError(f"the vocabulary in {folder} cannot be read: {error}", REBUILD) from error
        starts, words, counts, lengths = (read_array(folder / f"{name}.npy", mapped=True) for name in ARRAYS)
        if len(starts) != len(lengths) + 1 or not len(words) == len(counts) == starts[-1]:
            raise DamagedError(f"the word counts in {folder} do not fit together", REBUILD)
        return cls(vocabulary, starts, words, counts, lengths)


def pieces(starts: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Runs of passages, and their entries, that begin at ``starts`` (N + 1,): about ``AT_ONCE`` at a time."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + AT_ONCE, side="right")) - 1
        last = max(last, first + 1)
        yield slice(first, last), slice(int(starts[first]), int(starts[last]))
        first = last


def frequencies(parts: Iterable[NDArray[np.int32]], words: int) -> NDArray[np.int64]:
    """How often each of so many ``words`` stands in ``parts``."""
    found = np.zeros(words, dtype=np.int64)
    for part in parts:
        found += np.bincount(part, minlength=words)
    return found
