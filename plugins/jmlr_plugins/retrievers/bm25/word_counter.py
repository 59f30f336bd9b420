"""Counting the words of passages, one after the other, onto disk."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Self

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from jmlr_cli.files import write_whole
from jmlr_plugins.retrievers.bm25.word_counts import AT_ONCE, WordCounts, frequencies, pieces


class WordCounter:
    """Counts the words of passages, and writes them as :class:`WordCounts`.

    Words are numbered as they come; :meth:`finish` numbers them by name, so that the files depend on the passages alone.
    What is counted waits in nameless files, which go with the process; the vocabulary alone is held in memory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._spill: tuple[BinaryIO, ...] = tuple(TemporaryFile(dir=folder) for _ in range(2))  # noqa: SIM115 - __exit__ does
        self._place: dict[str, int] = {}
        self._pending, self._unwritten = array("i"), 0
        self._sizes, self._lengths = array("i"), array("i")
        self._most = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        for file in self._spill:
            file.close()

    def keep(self, old: WordCounts, kept: NDArray[np.bool_]) -> None:
        """Take over the passages of ``old`` that ``kept`` (N,) marks."""
        number = self._numbers(old.vocabulary)
        for passages, entries in old.pieces():
            sizes = np.diff(old.starts[passages.start : passages.stop + 1])
            stays = np.repeat(kept[passages], sizes)
            self._write(number[old.words[entries][stays]], old.counts[entries][stays], sizes[kept[passages]])
        self._lengths.extend(old.lengths[kept].tolist())

    def add(self, words: Sequence[str]) -> None:
        """Count the words of the next passage."""
        place = self._place
        self._pending.extend([place.setdefault(word, len(place)) for word in words])
        self._lengths.append(len(words))
        self._unwritten += 1
        if len(self._pending) >= AT_ONCE:
            self._flush()

    def finish(self) -> None:
        """Write the files of all passages counted."""
        self._flush()
        starts = np.concatenate([[0], np.cumsum(self._sizes, dtype=np.int64)]).astype(np.int64)
        number = self._renumbered(starts)
        size = (int(starts[-1]),)
        words = open_memmap(self._folder / "passage_words.npy", "w+", np.int32, size)
        counts = open_memmap(self._folder / "passage_counts.npy", "w+", np.min_scalar_type(self._most), size)
        for (passages, entries), (some, times) in zip(pieces(starts), self._spilled(starts), strict=True):
            sizes = np.diff(starts[passages.start : passages.stop + 1])
            order = np.argsort(_keys(sizes, number[some]))
            words[entries], counts[entries] = number[some][order], times[order]
        np.save(self._folder / "passage_starts.npy", starts, allow_pickle=False)
        np.save(self._folder / "passage_lengths.npy", np.array(self._lengths, dtype=np.int32), allow_pickle=False)

    def _numbers(self, words: Sequence[str]) -> NDArray[np.int32]:
        place = self._place
        return np.array([place.setdefault(word, len(place)) for word in words], dtype=np.int32)

    def _flush(self) -> None:
        lengths = np.array(self._lengths[len(self._lengths) - self._unwritten :], dtype=np.int64)
        keys, counts = np.unique(_keys(lengths, np.array(self._pending, dtype=np.int64)), return_counts=True)
        self._write(keys & 0xFFFFFFFF, counts, np.bincount(keys >> 32, minlength=len(lengths)))
        self._pending, self._unwritten = array("i"), 0

    def _write(self, words: NDArray, counts: NDArray, sizes: NDArray) -> None:
        for file, values in zip(self._spill, (words, counts), strict=True):
            values.astype(np.int32).tofile(file)
        self._sizes.extend(sizes.tolist())
        self._most = max(self._most, int(counts.max(initial=0)))

    def _spilled(self, starts: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """What was written, words and counts, in the pieces of ``starts``."""
        for file in self._spill:
            file.seek(0)
        for _, entries in pieces(starts):
            words, counts = (np.fromfile(file, np.int32, entries.stop - entries.start) for file in self._spill)
            yield words, counts

    def _renumbered(self, starts: NDArray[np.int64]) -> NDArray[np.int32]:
        """Write the words that stand somewhere, sorted; returns the new number of each old one."""
        used = frequencies((words for words, _ in self._spilled(starts)), len(self._place)) > 0
        names = [word for word, stands in zip(self._place, used.tolist(), strict=True) if stands]
        by_name = sorted(range(len(names)), key=names.__getitem__)
        write_whole(self._folder / "vocabulary.json", json.dumps([names[at] for at in by_name], ensure_ascii=False).encode())
        number = np.zeros(len(self._place), dtype=np.int32)
        number[np.flatnonzero(used)[by_name]] = np.arange(len(names))
        return number


def _keys(sizes: NDArray[np.int64], words: NDArray[np.integer]) -> NDArray[np.int64]:
    """Numbers that sort words by passage, each passage of so many words, then by word."""
    return np.repeat(np.arange(len(sizes)), sizes) << 32 | words
