"""Compressed late interaction beside exact MaxSim: how much of it is found, how fast, in how many bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from jmlr_cli.errors import MissingError
from jmlr_plugins.retrievers.colbert.compressed_index import CompressedIndex
from jmlr_plugins.retrievers.colbert.token_index import TokenIndex
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors
from retrieval_parts.figures import Figure, Found, milliseconds, overlap
from retrieval_parts.material import Material, generated_material, usual_material
from retrieval_parts.settings import Point, Settings
from retrieval_parts.tokens import TokenCorpus
from retrieval_parts.turns import Done, take_turns

BUILD = Path(__file__).resolve().parents[1] / "compressed_build.py"
DEPTH = 20
GOAL_MS, GOAL_OVERLAP, LEAST_OVERLAP, GOAL_BYTES, GOAL_SECONDS, GOAL_MEMORY = 10.0, 0.97, 0.95, 40.0, 30.0, 2048.0
MIB = 2**20
EXACT = "exact"


def measure_colbert(settings: Settings) -> Iterator[Found]:
    """The usual corpus and, if it is asked for, a large one of generated vectors."""
    yield compared(usual_material(settings), settings, with_build_goal=True)
    if settings.large:
        sizes = settings.sizes
        yield compared(generated_material(settings, sizes.large_passages, sizes.large_queries), settings)


def built_apart(tokens: TokenCorpus, into: Path, threads: int) -> dict[str, float]:
    """Build the compressed index in ``into`` anew, in a process of its own: its seconds, and its memory in bytes."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    command = [sys.executable, str(BUILD), str(tokens.folder), str(into), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
        raise MissingError(f"the compressed index could not be built: {reason[0]}")
    return json.loads(done.stdout)


def compared(material: Material, settings: Settings, with_build_goal: bool = False) -> Found:
    """Both sides over the same vectors and questions."""
    tokens = material.tokens
    into = tokens.folder.with_name(f"{tokens.folder.name}-compressed")
    built = built_apart(tokens, into, settings.threads)
    exact = TokenIndex.read(tokens.folder)
    indexes = {point: CompressedIndex(into, *point) for point in settings.points}
    default = indexes[settings.points[0]]
    one = [material.queries.rows(torch.tensor([place])) for place in range(len(material.queries))]
    sides: dict[Any, TokenIndex | CompressedIndex] = {EXACT: exact, **indexes}
    turns = take_turns({name: _search(index) for name, index in sides.items()}, one)
    batch = material.queries.rows(torch.arange(settings.sizes.batch) % len(one))
    details = {
        "passages": len(tokens.ids),
        "tokens": tokens.tokens,
        "queries": len(one),
        "centroids": len(default.codebook.centroids.vectors),
        "points": [_point(point, turns[point], turns[EXACT]) for point in settings.points],
        "exact": milliseconds(turns[EXACT].seconds),
        "batch": _batches({EXACT: exact, "ours": default}, batch, settings.rounds),
        "build": built,
        "bytes_a_token": sum(path.stat().st_size for path in into.rglob("*") if path.is_file()) / tokens.tokens,
        "question_ms": material.question_ms,
    }
    about = f"{len(tokens.ids):,} passages, {tokens.tokens:,} token vectors: {material.about}"
    return Found("colbert", about, _figures(details, settings, with_build_goal), details)


def _batches(
    indexes: Mapping[str, TokenIndex | CompressedIndex], batch: TokenVectors, rounds: int
) -> dict[str, dict[str, float]]:
    """How long each index takes for a batch of questions."""
    sides = {side: partial(index.search, k=DEPTH) for side, index in indexes.items()}
    return {side: milliseconds(done.seconds) for side, done in take_turns(sides, [batch] * rounds, block=1).items()}


def _search(index: TokenIndex | CompressedIndex) -> Callable[[TokenVectors], list[str]]:
    """The ids of what an index finds for one question."""
    return lambda query: [match.passage_id for match in index.search(query, DEPTH)[0]]


def _point(point: Point, done: Done, exact: Done) -> dict[str, Any]:
    found = overlap([*done.results.values()], [*exact.results.values()])
    return {"probes": point[0], "rescored": point[1], "overlap": found, "milliseconds": milliseconds(done.seconds)}


def _figures(details: dict[str, Any], settings: Settings, with_build_goal: bool) -> list[Figure]:
    exact, default, build = details["exact"], details["points"][0], details["build"]
    batch = details["batch"]
    return [
        *(_curve(point, is_default=point is default) for point in details["points"]),
        Figure("one query, exact", exact["median"], "ms", note=f"p95 {exact['p95']:.1f}"),
        Figure("one query, default", default["milliseconds"]["median"], "ms", note=f"p95 {default['milliseconds']['p95']:.1f}"),
        _fastest(details["points"]),
        Figure(f"batch of {settings.sizes.batch}, exact", batch[EXACT]["median"], "ms"),
        Figure(f"batch of {settings.sizes.batch}, default", batch["ours"]["median"], "ms"),
        Figure("bytes a token on disk", details["bytes_a_token"], "bytes", most=GOAL_BYTES),
        Figure("build beyond encoding", build["seconds"], "s", most=GOAL_SECONDS if with_build_goal else None),
        Figure("peak memory of the build, without an encoder", build["peak"] / MIB, "MiB", most=GOAL_MEMORY),
        Figure("encoding one question", details["question_ms"], "ms", note="" if details["question_ms"] else "no encoder"),
    ]  # fmt: skip


def _curve(point: dict[str, Any], is_default: bool) -> Figure:
    setting = f"probes {point['probes']}, rescored {point['rescored']}"
    what = f"overlap@{DEPTH} with exact, {setting}{' (default)' if is_default else ''}"
    note = f"{point['milliseconds']['median']:.2f} ms, p95 {point['milliseconds']['p95']:.2f}"
    return Figure(what, point["overlap"], least=LEAST_OVERLAP if is_default else None, note=note)


def _fastest(points: list[dict[str, Any]]) -> Figure:
    """The least time in which a setting finds enough."""
    what = f"one query, fastest setting of overlap@{DEPTH} ≥ {GOAL_OVERLAP}"
    enough = [(point["milliseconds"]["median"], point) for point in points if point["overlap"] >= GOAL_OVERLAP]
    if not enough:
        return Figure(what, None, "ms", most=GOAL_MS, note="no setting finds so much", missed=True)
    least, point = min(enough, key=lambda each: each[0])
    return Figure(what, least, "ms", most=GOAL_MS, note=f"probes {point['probes']}, rescored {point['rescored']}")
