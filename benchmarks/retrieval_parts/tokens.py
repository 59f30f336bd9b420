"""The token vectors of many passages, kept in a folder that the exact index reads as its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from jmlr_cli import console
from jmlr_cli.contracts.values import Passage
from jmlr_plugins.retrievers.colbert.retriever import ColBERTRetriever
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors
from jmlr_plugins.retrievers.storage.rows import Rows, read_array
from jmlr_plugins.retrievers.storage.streams import chunks
from jmlr_plugins.retrievers.storage.vector_file import VectorWriter

VECTORS, LENGTHS, IDS = "vectors.npy", "lengths.npy", "ids.json"
CHUNK = 1024


@dataclass(frozen=True)
class TokenCorpus:
    """What is in ``folder``: ``lengths`` (N,) of the passages ``ids``, in their order, and the vectors (T, d) float16."""

    folder: Path
    ids: list[str]
    lengths: NDArray[np.int64]

    @classmethod
    def read(cls, folder: Path) -> TokenCorpus:
        """What :func:`kept` wrote."""
        return cls(folder, json.loads((folder / IDS).read_bytes()), read_array(folder / LENGTHS).astype(np.int64))

    @property
    def tokens(self) -> int:
        """Token vectors in all."""
        return int(self.lengths.sum())

    def of(self, ids: Sequence[str]) -> list[NDArray[np.float16]]:
        """The vectors of passages that stand side by side, read from the file: nothing of it stays in memory."""
        first = self._place[ids[0]]
        last = first + len(ids)
        count = int(self._starts[last] - self._starts[first])
        width, offset = self._layout
        flat = np.fromfile(self.folder / VECTORS, np.float16, count * width, offset=offset + int(self._starts[first]) * width * 2)
        return np.split(flat.reshape(count, width), (self._starts[first + 1 : last] - self._starts[first]).tolist())

    @cached_property
    def _place(self) -> dict[str, int]:
        return {one: place for place, one in enumerate(self.ids)}

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.lengths)])

    @cached_property
    def _layout(self) -> tuple[int, int]:
        """The width of a vector, and the bytes before the first."""
        mapped = np.load(self.folder / VECTORS, mmap_mode="r")
        return mapped.shape[1], mapped.offset


def kept(folder: Path, ids: Sequence[str], pieces: Iterable[Sequence[NDArray[np.floating]]]) -> TokenCorpus:
    """The token vectors in ``folder``; if it is not there, it is written from ``pieces``: the vectors of some passages each."""
    if not folder.exists():
        console.notice(f"making the token vectors of {len(ids):,} passages, once: they are kept in {folder}")
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        writer, lengths = VectorWriter(partial / VECTORS), []
        for piece in pieces:
            lengths += [len(each) for each in piece]
            writer.add(np.concatenate(list(piece)).astype(np.float16))
        writer.close()
        np.save(partial / LENGTHS, np.array(lengths, dtype=np.int32))
        Rows(ids).write(partial / IDS)
        partial.rename(folder)
    return TokenCorpus.read(folder)


def encoded(work: Path, retriever: ColBERTRetriever, passages: Sequence[Passage]) -> TokenCorpus:
    """The token vectors of ``passages``, sorted by id, encoded once and kept below ``work``."""
    ids = [passage.id for passage in passages]

    def pieces() -> Iterator[list[NDArray[np.floating]]]:
        for chunk in chunks(passages, CHUNK):
            yield retriever.passage_vectors([passage.content for passage in chunk])

    return kept(work / f"tokens-{digest(retriever.fingerprint, ids)}", ids, pieces())


def digest(fingerprint: str, ids: Sequence[str]) -> str:
    """A short name for these passages' vectors."""
    return blake2b("\0".join([fingerprint, *ids]).encode(), digest_size=6).hexdigest()


def padded_queries(vectors: Sequence[NDArray[np.floating]]) -> TokenVectors:
    """Questions of differing length (n, d) as one."""
    rows = [torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in vectors]
    mask = pad_sequence([torch.ones(len(row), dtype=torch.bool) for row in rows], batch_first=True)
    return TokenVectors(pad_sequence(rows, batch_first=True), mask)
