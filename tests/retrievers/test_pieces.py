"""The pieces of a build: read as a stream, made once, counted once."""

from __future__ import annotations

import pytest

from jmlr_plugins.retrievers.storage import pieces
from jmlr_plugins.retrievers.storage.pieces import Share, Work
from jmlr_plugins.retrievers.storage.streams import repeatable


class Stream:
    """Counted passages that are read anew each time, with how many have been read."""

    def __init__(self, passages):
        self._passages = passages
        self.read = 0

    def __len__(self):
        return len(self._passages)

    def __iter__(self):
        for one in self._passages:
            self.read += 1
            yield one


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 3)


@pytest.mark.parametrize("plugin", ["dense", "colbert"])
def test_passages_are_encoded_while_they_are_read(plugin, retriever, passages, tmp_path):
    stream, read = Stream(passages), []
    retriever(plugin).build(stream, tmp_path, lambda advance, *rest: read.append(stream.read))
    assert read[0] <= 4  # a piece, and one passage more; a list of them all would be twelve


def test_what_can_be_counted_is_left_as_it_is_and_an_iterator_becomes_a_list(passages):
    stream = Stream(passages)
    assert repeatable(stream) is stream
    assert repeatable(iter(passages)) == passages


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("there", [set(), {0, 3}])
def test_every_passage_is_counted_once_whoever_encodes_it(passages, rank, there):
    made, counted = [], []

    def make(number, chunk, progress):
        made.append(number)
        progress(len(chunk))

    ids = Work(Share(rank, 2), passages, lambda number: number in there | set(made), make).run(counted.append)
    assert sum(counted) == len(passages)
    assert [one for some in ids for one in some] == [one.id for one in passages]
    assert sorted(made) == sorted({0, 1, 2, 3} - there) if rank == 0 else made == [n for n in (1, 3) if n not in there]
