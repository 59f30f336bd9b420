"""Passages of differing length in flat arrays on disk, and putting several such sources together in the order of ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jmlr_plugins.retrievers.storage.rows import Rows

BLOCK = 2048
"""Passages that are put together at a time."""
OPEN = 4
"""Sources kept open at a time."""


Load = Callable[[], Mapping[str, NDArray]]


@dataclass(frozen=True)
class Source:
    """``N`` passages. ``lengths``: (N,) tokens of each. ``load``: the arrays by name, one entry a token (T, ...).
    ``load_whole``: those that have one entry a passage (N, ...)."""

    ids: Sequence[str]
    lengths: NDArray[np.int64]
    load: Load
    load_whole: Load = dict


def ranges(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """``starts[i], starts[i] + 1, ...``, ``lengths[i]`` of them, for each ``i`` in turn."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)


def write_merged(into: Path, sources: Sequence[Source], kept: NDArray[np.bool_]) -> None:
    """Write ``ids.json``, ``lengths.npy`` and one ``.npy`` for each array of the sources, holding the passages that ``kept``
    (over all sources, one after the other) marks, sorted by id."""
    ids = [one for source in sources for one in source.ids]
    lengths = np.concatenate([np.zeros(0, dtype=np.int64), *(source.lengths for source in sources)])
    order = np.array(sorted(np.flatnonzero(kept).tolist(), key=ids.__getitem__), dtype=np.int64)
    Rows([ids[place] for place in order]).write(into / "ids.json")
    np.save(into / "lengths.npy", lengths[order].astype(np.int32), allow_pickle=False)
    counts = [len(source.ids) for source in sources]
    _write_arrays(into, _Gathering([source.load for source in sources], counts, lengths), order)
    _write_arrays(into, _Gathering([source.load_whole for source in sources], counts, np.ones_like(lengths)), order)


def _write_arrays(into: Path, gathering: _Gathering, order: NDArray[np.int64]) -> None:
    """Write the arrays of the passages at these places, without holding more than a block."""
    total = gathering.entries(order)
    if total == 0:
        for name, array in gathering.blank.items():
            np.save(into / f"{name}.npy", array, allow_pickle=False)
        return
    files: dict[str, np.memmap] = {}
    done = 0
    for first in range(0, len(order), BLOCK):
        block = order[first : first + BLOCK]
        arrays = gathering.of(block)
        for name, array in arrays.items():
            if name not in files:
                shape = (total, *array.shape[1:])
                files[name] = np.lib.format.open_memmap(into / f"{name}.npy", mode="w+", dtype=array.dtype, shape=shape)
            files[name][done : done + len(array)] = array
        done += gathering.entries(block)
    for file in files.values():
        file.flush()


class _Gathering:
    """Takes passages from whichever source holds them, by their place over all sources: ``loads`` their arrays, ``counts`` how
    many passages each has, ``lengths`` (N,) how many entries each passage has."""

    def __init__(self, loads: Sequence[Load], counts: Sequence[int], lengths: NDArray[np.int64]) -> None:
        self._lengths = lengths
        self._firsts = np.cumsum([0, *counts])
        ends = np.concatenate([[0], np.cumsum(lengths)])
        self._starts = ends[:-1] - np.repeat(ends[self._firsts[:-1]], counts)
        self._load = lru_cache(maxsize=OPEN)(lambda number: loads[number]())

    @property
    def blank(self) -> dict[str, NDArray]:
        """The arrays of no passages."""
        return {name: array[:0] for name, array in self._load(0).items()}

    def entries(self, places: NDArray[np.int64]) -> int:
        """How many entries these passages have."""
        return int(self._lengths[places].sum())

    def of(self, places: NDArray[np.int64]) -> dict[str, NDArray]:
        """The arrays of these passages, one after the other."""
        owner = np.searchsorted(self._firsts, places, side="right") - 1
        ends = np.cumsum(self._lengths[places])
        found: dict[str, NDArray] = {}
        for number in np.unique(owner):
            mine = owner == number
            from_ = ranges(self._starts[places[mine]], self._lengths[places[mine]])
            to = ranges((ends - self._lengths[places])[mine], self._lengths[places[mine]])
            for name, array in self._load(int(number)).items():
                if name not in found:
                    found[name] = np.empty((int(ends[-1]), *array.shape[1:]), dtype=array.dtype)
                found[name][to] = array[from_]
        return found
