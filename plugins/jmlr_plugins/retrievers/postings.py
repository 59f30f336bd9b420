"""How often each word stands in each passage: the inverted file that BM25 reads."""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import write_whole
from jmlr_plugins.retrievers.rows import REBUILD, read_array


@dataclass(frozen=True)
class Postings:
    """The words of N passages. Word ``v`` stands ``counts[i]`` times in passage ``rows[i]``, for ``i``
    from ``starts[v]`` to ``starts[v + 1]``.

    ``vocabulary``: V words, sorted. ``starts``: (V + 1,). ``rows``, ``counts``: one entry for each word
    of each passage, int32. ``lengths``: (N,) words in each passage.
    """

    vocabulary: list[str]
    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    counts: NDArray[np.int32]
    lengths: NDArray[np.int64]

    @cached_property
    def place(self) -> dict[str, int]:
        """The number of each word."""
        return {word: v for v, word in enumerate(self.vocabulary)}

    @property
    def document_frequencies(self) -> NDArray[np.int64]:
        """In how many passages each word stands: (V,)."""
        return np.diff(self.starts)

    def of(self, word: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The passages that hold ``word``, and how often each does."""
        v = self.place[word]
        span = slice(self.starts[v], self.starts[v + 1])
        return self.rows[span], self.counts[span]

    def write(self, folder: Path) -> None:
        """Write the files that :meth:`read` reads."""
        write_whole(folder / "vocabulary.json", json.dumps(self.vocabulary, ensure_ascii=False).encode())
        for name in ("starts", "rows", "counts", "lengths"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def read(cls, folder: Path) -> Postings:
        """Read what :meth:`write` wrote; raises :class:`DamagedError` when it does not fit together."""
        try:
            vocabulary = json.loads((folder / "vocabulary.json").read_bytes())
        except (OSError, ValueError) as error:
            raise DamagedError(f"the vocabulary in {folder} cannot be read: {error}", REBUILD) from error
        arrays = {name: read_array(folder / f"{name}.npy") for name in ("starts", "rows", "counts", "lengths")}
        if len(arrays["starts"]) != len(vocabulary) + 1 or len(arrays["rows"]) != len(arrays["counts"]):
            raise DamagedError(f"the postings in {folder} do not fit their vocabulary", REBUILD)
        return cls(vocabulary=vocabulary, **arrays)


class PostingsBuilder:
    """Counts the words of passages one after the other."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._words, self._rows, self._counts, self._lengths = array("q"), array("i"), array("i"), array("q")

    def add(self, words: Sequence[str]) -> None:
        """Count the words of the next passage."""
        for word, count in Counter(words).items():
            self._words.append(self._place.setdefault(word, len(self._place)))
            self._rows.append(len(self._lengths))
            self._counts.append(count)
        self._lengths.append(len(words))

    def finish(self) -> Postings:
        """The postings of all passages added."""
        words, lengths = np.array(self._words, dtype=np.int64), np.array(self._lengths, dtype=np.int64)
        rows, counts = np.array(self._rows, dtype=np.int32), np.array(self._counts, dtype=np.int32)
        return _sorted(list(self._place), words, rows, counts, lengths)


def _sorted(vocabulary: list[str], words: NDArray, rows: NDArray, counts: NDArray, lengths: NDArray) -> Postings:
    """Postings from triples in any order; words that stand nowhere are left out."""
    used = np.unique(words)
    by_name = sorted(used.tolist(), key=vocabulary.__getitem__)
    number = np.zeros(len(vocabulary), dtype=np.int64)
    number[by_name] = np.arange(len(by_name))
    words = number[words]
    order = np.lexsort((rows, words))
    starts = np.concatenate([[0], np.cumsum(np.bincount(words, minlength=len(by_name)))]).astype(np.int64)
    return Postings([vocabulary[v] for v in by_name], starts, rows[order], counts[order], lengths)


def merged(old: Postings, kept: NDArray[np.bool_], added: Postings) -> Postings:
    """The passages of ``old`` that ``kept`` (N,) marks, then those of ``added``: equal to counting them afresh."""
    new_row = np.cumsum(kept) - 1
    stays = kept[old.rows]
    place = dict(old.place)
    numbers = np.array([place.setdefault(word, len(place)) for word in added.vocabulary], dtype=np.int64)
    words = np.concatenate([
        np.repeat(np.arange(len(old.vocabulary)), old.document_frequencies)[stays],
        np.repeat(numbers, added.document_frequencies),
    ])  # fmt: skip
    rows = np.concatenate([new_row[old.rows[stays]], added.rows + int(kept.sum())]).astype(np.int32)
    counts = np.concatenate([old.counts[stays], added.counts])
    return _sorted(list(place), words, rows, counts, np.concatenate([old.lengths[kept], added.lengths]))
