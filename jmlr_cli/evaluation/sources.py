"""The passages that a question is answered from, by mode."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jmlr_cli.contracts.values import Hit, Passage, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.settings import DEPTH, Mode

Retrieve = Callable[[Sequence[Question]], list[list[Hit]]]
"""Finds the passages of each question, best first; at least :data:`DEPTH` of them for recall to that depth."""

Draw = Callable[[Question], list[Passage]]
"""Passages for a question, drawn without looking at it."""

Gold = Callable[[Question], list[Passage]]
"""The passages that hold a question's answer, the most useful first; none when there are none."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a question is answered from.

    ``passages`` come in ascending score: the best stands next to the question. ``gold_rank`` is the
    rank of the first retrieved passage of the gold document, 0 when none is; None when no gold
    document is known or nothing was retrieved for. ``hits`` are all that were retrieved, best first.
    """

    passages: tuple[Passage, ...] = ()
    gold_rank: int | None = None
    hits: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class PassageSources:
    """Where passages come from; None in the modes that are not asked for."""

    retrieve: Retrieve | None = None
    gold: Gold | None = None
    draw: Draw | None = None

    def of(self, questions: Sequence[Question], mode: Mode, k: int) -> list[Source]:
        """What questions are answered from in any mode but oracle, whose passages are looked up for all questions at once.
        Raises ValueError when the mode's source is not there."""
        if mode == "closed":
            return closed_sources(questions)
        if mode == "rag" and self.retrieve:
            return retrieved_sources(questions, self.retrieve, k)
        if mode == "random" and self.draw:
            return drawn_sources(questions, self.draw)
        raise ValueError(f"mode {mode} has no source of passages")


def closed_sources(questions: Sequence[Question]) -> list[Source]:
    """No passages at all: what the model knows by heart."""
    return [Source() for _ in questions]


def retrieved_sources(questions: Sequence[Question], retrieve: Retrieve, k: int) -> list[Source]:
    """The ``k`` best retrieved passages of each question."""
    return [
        Source(tuple(hit.passage for hit in reversed(hits[:k])), gold_rank(question, hits[: max(k, DEPTH)]), tuple(hits))
        for question, hits in zip(questions, retrieve(questions), strict=True)
    ]


def drawn_sources(questions: Sequence[Question], draw: Draw) -> list[Source]:
    """Passages drawn at random: what passages do to a model whatever they say."""
    return [Source(tuple(draw(question))) for question in questions]


def drawn(ids: Sequence[str], k: int, seed: int, question: str) -> list[str]:
    """``k`` of ``ids`` (or all, where they are fewer), drawn without replacement for the question of this id: the same ones
    whatever questions stand beside it."""
    return random.Random(f"{seed} {question}").sample(ids, min(k, len(ids)))


def gold_rank(question: Question, hits: Sequence[Hit]) -> int | None:
    """The rank of the first hit from the question's gold document, 0 without one; None when none is known."""
    if question.document is None:
        return None
    return next((rank for rank, hit in enumerate(hits, start=1) if hit.passage.document == question.document), 0)


def gold_sources(questions: QuestionSet, gold: Gold | None, k: int) -> list[Source]:
    """The gold passages: those that came with the question, all in their own order, or else ``k`` of its gold document.

    Raises :class:`InputError`, which says how many questions have neither.
    """
    found = [_gold_passages(question, gold, k) for question in questions.questions]
    lacking = [question.id for question, passages in zip(questions.questions, found, strict=True) if not passages]
    if lacking:
        what = f"{len(lacking)} of the {len(found)} questions of {questions.name} have no gold passages"
        hint = "Mode oracle needs questions with passages of their own, or whose 'document' is in the index."
        raise InputError(f"{what}, the first is {lacking[0]!r}", hint)
    return [Source(passages) for passages in found]


def _gold_passages(question: Question, gold: Gold | None, k: int) -> tuple[Passage, ...]:
    if question.passages:
        return question.passages
    return tuple(reversed(gold(question)[:k])) if gold else ()
