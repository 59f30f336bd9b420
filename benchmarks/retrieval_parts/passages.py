"""The passages and questions that are measured on: read where there are any, else made from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jmlr_cli.contracts.values import Passage
from jmlr_cli.corpus.corpus import Corpus
from jmlr_cli.evaluation.beir import read_queries
from retrieval_parts.settings import Settings

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is", "ol", "um")]
TOPICS = 200
PIECES = 4
VIGNETTE_WORDS = 130
"""Words of a long question, about."""


def usual_passages(settings: Settings) -> list[Passage]:
    """The first passages of the corpus in the order of their ids, which are content hashes: a random sample."""
    if settings.corpus is None:
        return generated_passages(settings.sizes.passages, settings)
    passages = sorted(Corpus([settings.corpus], settings.words), key=lambda passage: passage.id)
    return passages[: settings.sizes.passages]


def many_passages(passages: Sequence[Passage], count: int, settings: Settings) -> list[Passage]:
    """``count`` passages with the words of ``passages``: each is put together from pieces of several of them."""
    chance = np.random.default_rng(settings.seed)
    words = [passage.text.split() for passage in passages]
    size = settings.words // PIECES

    def piece(place: int) -> list[str]:
        first = int(chance.integers(max(len(words[place]) - size, 0) + 1))
        return words[place][first : first + size]

    drawn = chance.integers(len(passages), size=(count, PIECES)).tolist()
    return [_passage(number, [word for place in row for word in piece(place)]) for number, row in enumerate(drawn)]


def generated_passages(count: int, settings: Settings) -> list[Passage]:
    """``count`` passages of made-up words, drawn by Zipf's law: half from all, half by the order of the passage's topic."""
    chance = np.random.default_rng(settings.seed)
    types = settings.sizes.types
    parts = chance.permuted(np.tile(np.arange(len(SYLLABLES)), (types, 1)), axis=1)[:, :3]
    names = np.array(["".join(SYLLABLES[part] for part in row) for row in parts.tolist()])
    orders = np.argsort(chance.random((min(TOPICS, count), types)), axis=1)
    passages = []
    for number in range(count):
        drawn = zipf(chance, types, int(chance.integers(settings.words // 2, settings.words + 1)))
        own = orders[chance.integers(len(orders))][drawn]
        passages.append(_passage(number, names[np.where(chance.random(len(drawn)) < 0.5, own, drawn)].tolist()))
    return passages


def zipf(chance: np.random.Generator, types: int, count: int) -> np.ndarray:
    """``count`` numbers below ``types``, each drawn as often as a word of its rank (Zipf 1935, Mandelbrot's shift)."""
    shares = np.cumsum(1 / (np.arange(types) + 2.7))
    return np.searchsorted(shares, chance.random(count) * shares[-1])


def short_questions(settings: Settings, passages: Sequence[Passage], count: int) -> list[str]:
    """``count`` questions, read, or a dozen words each out of a passage."""
    if settings.queries is not None:
        texts = [*read_queries(settings.queries).values()]
        return _drawn(texts, count, settings.seed)
    return _cut(passages, count, 12, settings.seed)


def long_questions(settings: Settings, passages: Sequence[Passage], count: int) -> list[str]:
    """``count`` questions of about 130 words: vignettes, read, or parts of passages."""
    if settings.vignettes is not None:
        texts = [*read_queries(settings.vignettes).values()]
        fitting = [text for text in texts if abs(len(text.split()) - VIGNETTE_WORDS) <= 20]
        return _drawn(fitting, count, settings.seed)
    return _cut(passages, count, VIGNETTE_WORDS, settings.seed)


def _passage(number: int, words: list[str]) -> Passage:
    return Passage(f"{number:08d}", "generated", "", " ".join(words), number)


def _drawn(texts: Sequence[str], count: int, seed: int) -> list[str]:
    order = np.random.default_rng(seed).permutation(len(texts))[:count]
    return [texts[place] for place in order]


def _cut(passages: Sequence[Passage], count: int, words: int, seed: int) -> list[str]:
    """The first words of passages drawn at random; a short one goes on with the next."""
    chance = np.random.default_rng(seed)
    firsts = chance.integers(len(passages), size=count)
    around = [" ".join(passages[(first + more) % len(passages)].text for more in range(3)) for first in firsts]
    return [" ".join(text.split()[:words]) for text in around]


def source(path: Path | None, otherwise: str) -> str:
    """Where texts come from, for the report: a file's or folder's own name."""
    return path.name if path is not None else otherwise
