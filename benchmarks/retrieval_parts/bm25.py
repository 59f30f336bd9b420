"""BM25 beside rank-bm25, whose scores it must have, and bm25s."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measures import seconds_of
from numpy.typing import NDArray

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage
from jmlr_plugins.retrievers.bm25.words import tokenizer
from retrieval_parts.figures import Figure, Found, milliseconds
from retrieval_parts.passages import generated_passages, long_questions, many_passages, source, usual_passages
from retrieval_parts.settings import Settings
from retrieval_parts.turns import Done, take_turns

DEPTH = 10
TOLERANCE = 1e-6
GOAL_RANK, GOAL_BM25S = 500.0, 1.0
RANK_EVERY, RANK_EVERY_LARGE = 10, 40
"""rank-bm25 answers only every so-manieth question: it takes longer than all others together."""
OURS, RANK, BM25S, WORDS = "ours", "rank-bm25", "bm25s", "words"

Words = Callable[[str], list[str]]


def measure_bm25(settings: Settings) -> Iterator[Found]:
    """The usual corpus and, if it is asked for, a large one with its words."""
    usual = usual_passages(settings)
    questions = long_questions(settings, usual, settings.sizes.queries)
    kind = f"questions of {source(settings.vignettes, 'passages')}"
    yield compared(usual, questions, source(settings.corpus, "made-up words") + f", {kind}", settings, RANK_EVERY)
    if settings.large:
        many, kind = _many(usual, settings), f"put together from the same words, {kind}"
        yield compared(many, questions, kind, settings, RANK_EVERY_LARGE)


def _many(usual: Sequence[Passage], settings: Settings) -> list[Passage]:
    count = settings.sizes.large_bm25
    return generated_passages(count, settings) if settings.corpus is None else many_passages(usual, count, settings)


def compared(passages: Sequence[Passage], questions: Sequence[str], about: str, settings: Settings, rank_every: int) -> Found:
    """All sides over the same words: each makes them of the question's text, with the same function, in its own time."""
    words = tokenizer("english", "s")
    taken: dict[str, float] = {}
    taken[OURS], ours = seconds_of(lambda: _ours(passages, settings.work / "bm25"))
    corpus = [words(passage.content) for passage in passages]
    taken[RANK], (rank, scores) = seconds_of(lambda: _rank(corpus, words))
    sides = {OURS: lambda text: ours.search([text], DEPTH)[0], WORDS: words, RANK: rank}
    if (bm25s := _bm25s(corpus, words)) is not None:
        sides[BM25S] = bm25s
    turns = take_turns(sides, questions, {RANK: rank_every})
    right = {place: scores(words(questions[place])) for place in turns[RANK].results}
    worst = max(_difference(turns[OURS].results[place], each, passages) for place, each in right.items())
    lengths = [len(text.split()) for text in questions]
    details: dict[str, Any] = {
        "passages": len(passages),
        "words": {"mean": float(np.mean(lengths)), "min": min(lengths), "max": max(lengths)},
        "milliseconds": {side: milliseconds(done.seconds) for side, done in turns.items()},
        "build_seconds": taken,
        "worst_score_difference": worst,
    }
    about = f"{len(passages):,} passages, {len(questions)} questions of {np.mean(lengths):.0f} words: {about}"
    failure = "" if worst <= TOLERANCE else f"scores differ from rank-bm25's by up to {worst:.1e}"
    return Found("bm25", about, _figures(turns, details), details, failure)


def _ours(passages: Sequence[Passage], into: Path) -> Retriever:
    """Our index of ``passages``, written anew and opened."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    retriever = make_retriever(RetrieverConfig(plugin="bm25"))
    retriever.build(sorted(passages, key=lambda passage: passage.id), into)
    retriever.open(into)
    return retriever


def _rank(corpus: list[list[str]], words: Words) -> tuple[Callable[[str], Any], Callable[[list[str]], NDArray[np.float64]]]:
    """rank-bm25's search, and all its scores for a question's words."""
    from rank_bm25 import BM25Okapi

    okapi = BM25Okapi(corpus)

    def search(text: str) -> NDArray[np.int64]:
        scores = okapi.get_scores(words(text))
        best = np.argpartition(-scores, min(DEPTH, len(scores) - 1))[:DEPTH]
        return best[np.argsort(-scores[best])]

    return search, okapi.get_scores


def _bm25s(corpus: list[list[str]], words: Words) -> Callable[[str], Any] | None:
    """bm25s's search with its own defaults, in one thread; None where it is not installed."""
    try:
        import bm25s
    except ImportError:
        return None
    index = bm25s.BM25()
    index.index(corpus, show_progress=False)
    return lambda text: index.retrieve([words(text)], k=DEPTH, show_progress=False, n_threads=0)


def _difference(found: Sequence[Match], scores: NDArray[np.float64], passages: Sequence[Passage]) -> float:
    """The largest difference between our scores and ``scores`` (N,): of the same passages, and of the same ranks."""
    place = {passage.id: number for number, passage in enumerate(passages)}
    ours = np.array([match.score for match in found])
    same = np.abs(ours - scores[[place[match.passage_id] for match in found]])
    return float(max(same.max(), np.abs(ours - np.sort(scores)[::-1][: len(ours)]).max()))


def _figures(turns: dict[str, Done], details: dict[str, Any]) -> list[Figure]:
    times = [
        Figure(f"one query, {side}", each["median"], "ms", note=f"p95 {each['p95']:.2f}, {each['count']} queries")
        for side, each in details["milliseconds"].items()
        if side != WORDS
    ]
    compared = turns[BM25S].median / turns[OURS].median if BM25S in turns else None
    missing = "" if compared else "bm25s is not installed: pip install 'jmlr[benchmark]'"
    return [
        *times,
        Figure("of which making words of the question", details["milliseconds"][WORDS]["median"], "ms", note="on each side"),
        Figure("rank-bm25 / ours", turns[RANK].median / turns[OURS].median, least=GOAL_RANK),
        Figure("bm25s / ours", compared, least=GOAL_BM25S, note=missing),
        Figure("largest difference of a score from rank-bm25's", details["worst_score_difference"], most=TOLERANCE),
        Figure("build, ours", details["build_seconds"][OURS], "s"),
        Figure("build, rank-bm25", details["build_seconds"][RANK], "s", note="without making words"),
    ]
