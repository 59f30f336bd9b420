"""One vector a passage: our index, as it is chosen by size, beside faiss's exact one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import faiss
import numpy as np
from measures import seconds_of
from numpy.typing import NDArray

from jmlr_cli import console
from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage
from jmlr_plugins.retrievers.dense.index import DenseIndex
from jmlr_plugins.retrievers.dense.retriever import DenseRetriever
from jmlr_plugins.retrievers.dense.writer import DenseWriter
from jmlr_plugins.retrievers.encoders.encoding import inference
from jmlr_plugins.retrievers.storage.streams import chunks
from retrieval_parts.figures import Figure, Found, milliseconds, overlap
from retrieval_parts.passages import short_questions, source, usual_passages
from retrieval_parts.settings import Settings
from retrieval_parts.tokens import CHUNK, digest
from retrieval_parts.turns import take_turns

DEPTH = 10
WIDTH, CLUSTERS, SPREAD = 384, 2000, 0.8
"""Of generated vectors: their width, and how far they lie from the centre of their cluster."""
OURS, FLAT = "ours", "faiss IndexFlatIP"


@dataclass(frozen=True)
class Vectors:
    """``passages``: (N, d) and ``queries``: (B, d), float32 of length one."""

    about: str
    passages: NDArray[np.float32]
    queries: NDArray[np.float32]


def measure_dense(settings: Settings) -> Iterator[Found]:
    """The usual corpus and, if it is asked for, a large one of generated vectors, for which an approximate index is chosen."""
    sizes = settings.sizes
    if settings.corpus is None:
        yield compared(generated(sizes.passages, sizes.queries, settings.seed), settings)
    else:
        yield compared(_encoded(settings, settings.corpus), settings)
    if settings.large:
        yield compared(generated(sizes.large_dense, sizes.queries, settings.seed), settings)


def generated(passages: int, queries: int, seed: int) -> Vectors:
    """Vectors around centres on the sphere; a query lies near a passage."""
    chance = np.random.default_rng(seed)

    def drawn(count: int) -> NDArray[np.float32]:
        return chance.standard_normal((count, WIDTH), dtype=np.float32) / np.float32(WIDTH**0.5)

    centres = drawn(min(CLUSTERS, passages))
    vectors = _unit(centres[chance.integers(len(centres), size=passages)] + np.float32(SPREAD) * drawn(passages))
    about = vectors[chance.integers(passages, size=queries)]
    return Vectors("generated vectors", vectors, _unit(about + np.float32(SPREAD) * drawn(queries)))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def dense(settings: Settings) -> DenseRetriever:
    """The plugin."""
    config = RetrieverConfig(plugin="dense", checkpoint=settings.checkpoint, options={"precision": settings.precision})
    return cast(DenseRetriever, make_retriever(config))


def _encoded(settings: Settings, corpus: Path) -> Vectors:
    """The usual corpus, encoded once and kept below the work folder, and its questions."""
    retriever, passages = dense(settings), usual_passages(settings)
    path = settings.work / f"vectors-{digest(retriever.fingerprint, [passage.id for passage in passages])}.npy"
    if not path.exists():
        console.notice(f"making the vectors of {len(passages):,} passages, once: they are kept in {path}")
        settings.work.mkdir(parents=True, exist_ok=True)
        np.save(partial := path.with_suffix(".partial.npy"), _vectors(retriever, passages))
        partial.rename(path)
    with inference(retriever.module, "float32"):
        queries = retriever.encode_queries(short_questions(settings, passages, settings.sizes.queries))
    about = f"{corpus.name}, questions of {source(settings.queries, 'passages')}"
    return Vectors(about, np.load(path), queries.cpu().numpy())


def _vectors(retriever: DenseRetriever, passages: Sequence[Passage]) -> NDArray[np.float32]:
    parts = (retriever.passage_vectors([passage.content for passage in chunk]) for chunk in chunks(passages, CHUNK))
    return np.stack([vector for part in parts for vector in part]).astype(np.float32)


def compared(vectors: Vectors, settings: Settings) -> Found:
    """Both sides over the same vectors, question by question and in one batch."""
    into = settings.work / "dense"
    taken: dict[str, float] = {}
    taken[OURS], ours = seconds_of(lambda: _ours(vectors.passages, into))
    flat = faiss.IndexFlatIP(vectors.passages.shape[1])
    taken[FLAT], _ = seconds_of(lambda: flat.add(vectors.passages))

    def search(queries: NDArray[np.float32]) -> list[list[str]]:
        return [[match.passage_id for match in found] for found in ours.search(queries, DEPTH)]

    def exact(queries: NDArray[np.float32]) -> list[list[str]]:
        return [[_id(row) for row in found] for found in flat.search(queries, DEPTH)[1].tolist()]

    sides = {OURS: search, FLAT: exact}
    turns = take_turns(sides, [query[None] for query in vectors.queries])
    many = vectors.queries[np.arange(settings.sizes.batch) % len(vectors.queries)]
    batches = take_turns(sides, [many] * settings.rounds, block=1)
    details: dict[str, Any] = {
        "passages": len(vectors.passages),
        "factory": ours.factory,
        "overlap": overlap(*([found[0] for found in turns[side].results.values()] for side in (OURS, FLAT))),
        "milliseconds": {side: milliseconds(done.seconds) for side, done in turns.items()},
        "batch": {side: milliseconds(done.seconds) for side, done in batches.items()},
        "build_seconds": taken,
    }
    about = f"{len(vectors.passages):,} vectors of {vectors.passages.shape[1]}: {vectors.about}; auto is {ours.factory}"
    return Found("dense", about, _figures(details, settings), details)


def _id(row: int) -> str:
    return f"{row:08d}"


def _ours(vectors: NDArray[np.float32], into: Path) -> DenseIndex:
    """Our index of ``vectors``, written anew and opened."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    with DenseWriter(into) as writer:
        for first in range(0, len(vectors), CHUNK):
            writer.add([_id(row) for row in range(first, min(first + CHUNK, len(vectors)))], vectors[first : first + CHUNK])
    return DenseIndex(into)


def _figures(details: dict[str, Any], settings: Settings) -> list[Figure]:
    times = details["milliseconds"].items()
    return [
        Figure(f"overlap@{DEPTH} with faiss IndexFlatIP", details["overlap"]),
        *(Figure(f"one query, {side}", each["median"], "ms", note=f"p95 {each['p95']:.2f}") for side, each in times),
        *(Figure(f"batch of {settings.sizes.batch}, {side}", each["median"], "ms") for side, each in details["batch"].items()),
        *(Figure(f"build, {side}", seconds, "s") for side, seconds in details["build_seconds"].items()),
    ]
