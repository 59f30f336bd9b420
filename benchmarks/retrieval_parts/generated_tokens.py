"""Token vectors without an encoder, spread as an encoder's: a word's own direction, bent by topic, passage and context.

A vector is the sum of six Gaussian parts, normalised. Their shares and the spectrum that all of them have were fitted to
the vectors that all-MiniLM-L6-v2 with the projection of a fresh ColBERT gives English guideline passages: the mean similarity
between passages (0.04) and within one (0.27), the variance along the principal axes, and how far the best passages' scores
lie apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval_parts.passages import zipf
from retrieval_parts.tokens import CHUNK, TokenCorpus, kept

DIM = 128
MEAN, TOPIC, PASSAGE, WORD, SENSE, CONTEXT = 0.04, 0.17, 0.06, 0.43, 0.20, 0.10
"""The shares of the squared length. A sense is a word within a topic; a context is one token's alone."""
SENSES = 1 << 14
TOPIC_PASSAGES = 40
"""Passages of one topic, about."""
LENGTHS = (0.25, 0.25, 2.0)
"""Of a passage, as shares of the mean: standard deviation, least and most."""
QUESTION_TOKENS = (8, 22)
STEP = 7919
"""A prime: topics order the vocabulary by multiples of it."""


@dataclass(frozen=True)
class TokenMaker:
    """Makes passages and questions. ``words``: (types, d), ``topics``: (t, d), ``senses``: (s, d), ``mean``: (d,)."""

    words: NDArray[np.float32]
    topics: NDArray[np.float32]
    senses: NDArray[np.float32]
    mean: NDArray[np.float32]
    tokens: int
    seed: int

    @classmethod
    def of(cls, types: int, passages: int, tokens: int, seed: int) -> TokenMaker:
        """One with a vocabulary of ``types`` words, for so many passages of so many tokens."""
        chance = np.random.default_rng(seed)
        topics = max(1, passages // TOPIC_PASSAGES)
        return cls(_drawn(chance, types), _drawn(chance, topics), _drawn(chance, SENSES), _drawn(chance, 1)[0], tokens, seed)

    def passage(self, number: int) -> NDArray[np.float16]:
        """The token vectors (n, d) of passage ``number``, always the same."""
        chance, topic, own, types, _ = self._start(number)
        return self._vectors(chance, topic, own, types).astype(np.float16)

    def question(self, number: int) -> NDArray[np.float32]:
        """A question about passage ``number``: words of it in another context, near what it is about."""
        _, topic, own, types, is_topical = self._start(number)
        chance = np.random.default_rng([self.seed, number, 1])
        asked = chance.choice(types[is_topical], int(chance.integers(*QUESTION_TOKENS)))
        return self._vectors(chance, topic, 0.7 * own + 0.7 * _drawn(chance, 1)[0], asked)

    def _start(self, number: int) -> tuple[np.random.Generator, int, NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
        """The topic of passage ``number``, what it alone is about, its words, and which of them are the topic's."""
        chance = np.random.default_rng([self.seed, number])
        spread, least, most = LENGTHS
        length = max(2, round(self.tokens * float(np.clip(chance.normal(1, spread), least, most))))
        topic = int(chance.integers(len(self.topics)))
        types, is_topical = zipf(chance, len(self.words), length), np.arange(length) % 2 == 0
        types = np.where(is_topical, (types * STEP + topic * STEP**2) % len(self.words), types)
        return chance, topic, _drawn(chance, 1)[0], types, is_topical

    def _vectors(
        self, chance: np.random.Generator, topic: int, own: NDArray[np.float32], types: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        sense = self.senses[(types * 31 + topic * STEP) % SENSES]
        parts = (self.mean, self.topics[topic], own, self.words[types], sense, _drawn(chance, len(types)))
        vectors = np.zeros((len(types), DIM), dtype=np.float32)
        for share, part in zip((MEAN, TOPIC, PASSAGE, WORD, SENSE, CONTEXT), parts, strict=True):
            vectors += np.float32(share**0.5) * part
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def generated(work: Path, count: int, maker: TokenMaker) -> TokenCorpus:
    """The token vectors of ``count`` passages, made once and kept below ``work``."""

    def pieces() -> Iterator[list[NDArray[np.float16]]]:
        for first in range(0, count, CHUNK):
            yield [maker.passage(number) for number in range(first, min(first + CHUNK, count))]

    name = f"tokens-generated-{count}-{maker.tokens}-{len(maker.words)}-{maker.seed}"
    return kept(work / name, [f"{number:08d}" for number in range(count)], pieces())


def generated_questions(maker: TokenMaker, passages: int, count: int) -> list[NDArray[np.float32]]:
    """Questions about passages drawn at random."""
    about = np.random.default_rng(maker.seed).integers(passages, size=count).tolist()
    return [maker.question(number) for number in about]


def _drawn(chance: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Vectors (count, d) of about length one, whose variance falls along the axes as an encoder's does."""
    variances = 1 / (np.arange(DIM) + 10)
    return chance.standard_normal((count, DIM), dtype=np.float32) * np.sqrt(variances / variances.sum()).astype(np.float32)
