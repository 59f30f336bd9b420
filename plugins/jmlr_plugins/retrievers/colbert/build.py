"""Passages become an index of token vectors: as they are while there are few, compressed beyond that.

The first pieces are encoded and kept as they are, up to a sample that a codebook can be trained on, or to what is to be kept so.
Passages come in the order of their ids, which are content hashes, so the first ones are a random sample. If that is all there is,
the index keeps it. Otherwise the codebook is trained, and each piece is compressed as soon as it is encoded, so that neither
memory nor disk ever holds all vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jmlr_cli.contracts.progress import Progress
from jmlr_cli.contracts.values import Passage
from jmlr_plugins.retrievers.colbert.codebook import Codebook
from jmlr_plugins.retrievers.colbert.codebook_training import train_codebook
from jmlr_plugins.retrievers.colbert.compressed_index import CODEBOOK, CompressedIndex, finish_compressed
from jmlr_plugins.retrievers.colbert.fit import Fit
from jmlr_plugins.retrievers.colbert.token_index import TokenIndex
from jmlr_plugins.retrievers.storage.pieces import Pieces, Work
from jmlr_plugins.retrievers.storage.ragged import Source, write_merged
from jmlr_plugins.retrievers.storage.streams import Repeatable

SAMPLE = 1 << 20
"""Token vectors, at least, that are kept as they are until a codebook is trained."""
TOKENS_PER_CENTROID = 96
SAMPLE_PER_CENTROID = 32
MOST_CENTROIDS = 1 << 16
LEAST = 1024
"""Token vectors without which no codebook can be trained."""

Encode = Callable[[Sequence[str], Progress], list[NDArray[np.floating]]]


class TokenBuild:
    """One build on top of ``old``, whose rows ``kept`` (N,) stay. ``encode`` gives the token vectors (tokens, d) of each
    text; up to ``keep_up_to`` of them, all are kept as they are."""

    def __init__(
        self, pieces: Pieces, encode: Encode, keep_up_to: int, old: TokenIndex | CompressedIndex, kept: NDArray[np.bool_]
    ) -> None:
        self._pieces = pieces
        self._encode = encode
        self._keep_up_to = max(keep_up_to, LEAST)
        self._old = old
        self._kept = kept
        self._ids: list[list[str]] = []
        self._codebook: Codebook | None = None
        self._sample_size: int | None = None

    def run(self, passages: Repeatable[Passage], into: Path, progress: Progress) -> None:
        """Encode this process's share of the passages; the first process then writes the index."""
        self._work = Work(self._pieces.share, passages, self._is_there, self._make)
        self._ids = self._work.run(progress)
        if self._pieces.share.is_first:
            self._join(into)

    def _is_there(self, number: int) -> bool:
        return self._pieces.has(_codes(number)) or self._pieces.has(_raw(number))

    def _make(self, number: int, passages: Sequence[Passage], progress: Progress) -> None:
        """Encode a piece and write it: as it is in the sample, else its codes."""
        arrays = _packed(self._encode([passage.content for passage in passages], progress))
        if isinstance(self._old, TokenIndex) and (number == 0 or number < self._sampled):
            self._pieces.save(_raw(number), arrays)
        else:
            self._pieces.save(_codes(number), self._compressed(arrays))

    @property
    def _sampled(self) -> int:
        """How many pieces the sample has, by the lengths in the first, which every process knows."""
        if self._sample_size is None:
            self._sample_size = self._wanted_pieces()
        return self._sample_size

    def _wanted_pieces(self) -> int:
        wanted = max(max(SAMPLE, self._keep_up_to) - int(self._old.lengths[self._kept].sum()), 0)
        return max(1, -(-wanted // max(int(self._lengths(0).sum()), 1)))

    @property
    def _sample(self) -> range:
        """The pieces of the sample."""
        return range(min(self._sampled, len(self._ids)) if isinstance(self._old, TokenIndex) and self._ids else 0)

    @cached_property
    def _is_compressed(self) -> bool:
        if isinstance(self._old, CompressedIndex) or len(self._ids) > len(self._sample):
            return True
        return self._sample_tokens_of(self._sample) > self._keep_up_to

    def _sample_tokens_of(self, pieces: range) -> int:
        """Token vectors of these pieces and of the old index."""
        return int(self._old.lengths[self._kept].sum()) + sum(int(self._lengths(number).sum()) for number in pieces)

    def _lengths(self, number: int) -> NDArray[np.int64]:
        """The tokens of each passage of a piece."""
        return self._pieces.read("lengths", _codes(number), _raw(number)).astype(np.int64)

    @property
    def codebook(self) -> Codebook:
        """The old index's, or the one that the first process trains on the sample."""
        if isinstance(self._old, CompressedIndex):
            return self._old.codebook
        if self._codebook is None:
            self._codebook = self._shared_codebook()
        return self._codebook

    def _shared_codebook(self) -> Codebook:
        path = self._pieces.folder / CODEBOOK
        if self._pieces.share.is_first and not path.exists():
            self._trained().write(path)
        self._pieces.wait(path.stem)
        return Codebook.read(path)

    def _trained(self) -> Codebook:
        sample = range(min(self._sampled, len(self._work)))
        self._work.complete(len(sample))
        share = len(sample) / len(self._work)
        tokens = self._sample_tokens_of(sample) / share
        centroids = int(min(max(tokens // TOKENS_PER_CENTROID, 1), MOST_CENTROIDS))
        return train_codebook(*self._first(SAMPLE_PER_CENTROID * centroids, sample), centroids)

    def _first(self, count: int, sample: range) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The vectors of the old index and of as many pieces of the sample as are needed for ``count``, and how many each of
        their passages has."""
        found = [np.asarray(self._old.source().load()["vectors"])]
        lengths = [self._old.lengths]
        for number in sample:
            if sum(map(len, found)) < count:
                found.append(self._pieces.load(_raw(number))["vectors"])
                lengths.append(self._lengths(number))
        return np.concatenate([part for part in found if len(part)], dtype=np.float32), np.concatenate(lengths)

    def _compressed(self, arrays: dict[str, NDArray]) -> dict[str, NDArray]:
        """The codes of a piece, and their error."""
        codes = self.codebook.encode(arrays["vectors"], arrays["lengths"])
        return {
            "codes": codes.bytes,
            "centroids": codes.centroids,
            "shifts": codes.shifts,
            "lengths": arrays["lengths"],
            "error": np.array([codes.error]),
        }

    def _compress_sample(self) -> None:
        """Replace the pieces of the sample by their codes."""
        for number in self._sample:
            if not self._pieces.has(_codes(number)):
                self._pieces.save(_codes(number), self._compressed(self._pieces.load(_raw(number))))
            self._pieces.remove(_raw(number))

    def _join(self, into: Path) -> None:
        """Write the index out of what stays of the old one and all pieces."""
        kept = np.concatenate([self._kept, np.ones(sum(map(len, self._ids)), dtype=bool)])
        if not self._is_compressed:
            write_merged(into, [self._old.source(), *self._sources(_raw, ["vectors"])], kept)
            return
        self._compress_sample()
        old, fit = self._old_codes()
        pieces = self._sources(_codes, ["codes", "centroids"], ["shifts"])
        write_merged(into, [old, *pieces], kept)
        for number, piece in enumerate(pieces):
            error = float(self._pieces.read("error", _codes(number))[0])
            fit = fit.with_more(int(piece.lengths.sum()), error, later=isinstance(self._old, CompressedIndex))
        finish_compressed(into, self.codebook, fit)

    def _sources(self, name: Callable[[int], str], of_tokens: Sequence[str], whole: Sequence[str] = ()) -> list[Source]:
        """The pieces, as what is put together: their arrays with one entry a token, and those with one a passage."""

        def load(arrays: Sequence[str], number: int) -> dict[str, NDArray]:
            return {each: self._pieces.read(each, name(number)) for each in arrays}

        return [
            Source(ids, self._lengths(number), partial(load, of_tokens, number), partial(load, whole, number))
            for number, ids in enumerate(self._ids)
        ]

    def _old_codes(self) -> tuple[Source, Fit]:
        """The codes of the old index, made now if it had none, and how well they fit."""
        if isinstance(self._old, CompressedIndex):
            return self._old.source(), self._old.fit
        source = self._old.source()
        vectors = np.array(source.load()["vectors"])
        if not len(vectors):
            return source, Fit()
        codes = self.codebook.encode(vectors, source.lengths)
        arrays: dict[str, NDArray] = {"codes": codes.bytes, "centroids": codes.centroids}
        whole: dict[str, NDArray] = {"shifts": codes.shifts}
        return replace(source, load=lambda: arrays, load_whole=lambda: whole), Fit().with_more(len(vectors), codes.error)


def _raw(number: int) -> str:
    """The name of a piece whose vectors are kept as they are."""
    return f"{number:06d}-vectors"


def _codes(number: int) -> str:
    """The name of a piece that is compressed."""
    return f"{number:06d}-codes"


def _packed(vectors: Sequence[NDArray[np.floating]]) -> dict[str, NDArray]:
    """The token vectors of passages, one after the other, as float16, and how many each has."""
    lengths = np.array([len(each) for each in vectors], dtype=np.int32)
    return {"vectors": np.concatenate(vectors).astype(np.float16), "lengths": lengths}
