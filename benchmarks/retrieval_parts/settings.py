"""What the retrieval benchmark measures, how much of it, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SECTIONS = ("colbert", "bm25", "dense", "encoding", "scifact")
USUAL = SECTIONS[:4]
"""The sections that run unless others are named."""

Point = tuple[int, int]
"""Centroids that each token of a question probes, and passages that are scored by their codes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. ``passages``: of the usual corpus; the others are those of ``--large``. ``encoded``: passages
    that are encoded in one round of the section on encoding. ``types`` and ``tokens``: words that there are in generated texts,
    and the mean number of tokens in a generated passage."""

    passages: int
    large_passages: int
    large_bm25: int
    large_dense: int
    queries: int
    large_queries: int
    batch: int
    encoded: int
    types: int
    tokens: int
    points: tuple[Point, ...]


FULL = Sizes(
    passages=15_000, large_passages=100_000, large_bm25=230_000, large_dense=250_000, queries=200, large_queries=40,
    batch=100, encoded=256, types=20_000, tokens=142,
    points=((4, 32), (8, 64), (16, 96), (32, 128), (64, 384), (128, 1024), (128, 2048)),
)  # fmt: skip
TINY = Sizes(
    passages=300, large_passages=400, large_bm25=400, large_dense=400, queries=12, large_queries=6,
    batch=10, encoded=16, types=500, tokens=24, points=((1, 40), (2, 60)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settings:
    """One run. ``corpus``, ``queries``, ``vignettes`` and ``beir`` are None where nothing is there to read; then texts and
    vectors are generated. ``work`` keeps what takes long to make."""

    sizes: Sizes
    work: Path
    corpus: Path | None
    queries: Path | None
    vignettes: Path | None
    beir: Path | None
    checkpoint: str
    precision: str
    words: int
    rounds: int
    threads: int
    seed: int
    large: bool

    @property
    def points(self) -> tuple[Point, ...]:
        """The default setting first, then the others of the curve."""
        from jmlr_plugins.retrievers.colbert.settings import ColBERTOptions

        default = ColBERTOptions()
        return tuple(dict.fromkeys([(default.probes, default.rescored), *self.sizes.points]))
