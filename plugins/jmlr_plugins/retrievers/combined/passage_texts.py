"""The texts of passages beside an index, for a retriever that reads them when it searches."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.storage.rows import REBUILD, Rows, read_array
from jmlr_plugins.retrievers.storage.vector_file import write_header

BYTES = np.dtype(np.uint8)


class PassageTexts:
    """The files of :func:`write_texts`, opened: ``texts.npy``, all contents in UTF-8 one behind the other; ``ends.npy`` (N,),
    where each of them ends; ``ids.json``. The texts stay on disk until they are read.

    Raises :class:`DamagedError` when the files do not fit together."""

    def __init__(self, at: Path) -> None:
        self._ends = read_array(at / "ends.npy")
        self.rows = Rows.read(at / "ids.json", len(self._ends))
        self._bytes = read_array(at / "texts.npy", mapped=True)
        if len(self._bytes) != (self._ends[-1] if len(self._ends) else 0):
            raise DamagedError(f"{at / 'texts.npy'} does not end where the last passage does", REBUILD)

    def __getitem__(self, passage: str) -> str:
        """The content of the passage with this id. Raises KeyError when there is none."""
        return self._content(self._row[passage]).decode()

    def less(self, removed: AbstractSet[str]) -> Iterator[tuple[str, bytes]]:
        """The ids and contents of the passages that are not in ``removed``."""
        return ((passage, self._content(row)) for row, passage in enumerate(self.rows.ids) if passage not in removed)

    def _content(self, row: int) -> bytes:
        return self._bytes[self._ends[row - 1] if row else 0 : self._ends[row]].tobytes()

    @cached_property
    def _row(self) -> dict[str, int]:
        return {passage: row for row, passage in enumerate(self.rows.ids)}


def write_texts(into: Path, kept: Iterable[tuple[str, bytes]], added: Iterable[Passage]) -> None:
    """Write the contents ``kept`` of an older index, by passage id, then those of the passages ``added``."""
    ids: list[str] = []
    ends, end = array("q"), 0
    with (into / "texts.npy").open("wb") as file:
        write_header(file, BYTES, (end,))
        for passage, content in chain(kept, ((each.id, each.content.encode()) for each in added)):
            ids.append(passage)
            end += file.write(content)
            ends.append(end)
        file.seek(0)
        write_header(file, BYTES, (end,))
    np.save(into / "ends.npy", np.array(ends, dtype=np.int64), allow_pickle=False)
    Rows(ids).write(into / "ids.json")
