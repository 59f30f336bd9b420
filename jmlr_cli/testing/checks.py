"""What several suites look at."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from jmlr_cli.contracts.progress import silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage


class Stream:
    """Passages as an index hands them to a retriever: in the order of their ids, and anew at each iteration. It is no list."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = sorted(passages, key=lambda passage: passage.id)

    def __len__(self) -> int:
        return len(self._passages)

    def __iter__(self) -> Iterator[Passage]:
        return iter(self._passages)


class InterruptedAt:
    """A progress that is interrupted, as by Ctrl-C, once so many passages are done."""

    def __init__(self, passages: int) -> None:
        self._left = passages

    def __call__(self, advance: int, total: int | None = None, note: str = "") -> None:
        self._left -= advance
        if self._left <= 0:
            raise KeyboardInterrupt


def indexed(retriever: Retriever, passages: Sequence[Passage], at: Path) -> Retriever:
    """The retriever, with the passages indexed in the new folder ``at`` and opened."""
    at.mkdir(parents=True)
    retriever.build(Stream(passages), at, silent)
    retriever.open(at)
    return retriever


def ids(matches: Sequence[Match]) -> list[str]:
    """The passage ids of matches, best first."""
    return [match.passage_id for match in matches]


def assert_same(left: Sequence[Sequence[Match]], right: Sequence[Sequence[Match]], tolerance: float = 1e-4) -> None:
    """The same passages in the same order, with scores that differ by rounding alone."""
    flat_left, flat_right = [m for one in left for m in one], [m for one in right for m in one]
    assert [len(one) for one in left] == [len(one) for one in right]
    assert ids(flat_left) == ids(flat_right)
    assert [m.score for m in flat_left] == pytest.approx([m.score for m in flat_right], abs=tolerance)


def pickled_files(folder: Path) -> list[str]:
    """The files below ``folder`` that only unpickling reads: a pickle may run anybody's code."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in files if _is_pickled(path)]


def _is_pickled(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".pkl") for name in archive.namelist())  # as torch.save writes
    with path.open("rb") as file:
        start = file.read(256)
    is_object_array = start.startswith(b"\x93NUMPY") and b"'|O'" in start
    return is_object_array or (start[:1] == b"\x80" and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"))


def damage(path: Path, how: str) -> None:
    """Remove a file, or cut off its second half."""
    if how == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
