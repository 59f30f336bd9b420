"""What the worker does for a request."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from jmlr_cli.answering.ask import rendered, retrieve, written
from jmlr_cli.answering.conversation import retrieval_query
from jmlr_cli.answering.system import System
from jmlr_cli.contracts.values import Hit, Passage, TokenMatch, Turn
from jmlr_cli.serving.errors import Refusal


@dataclass(frozen=True)
class Served:
    """A system and the name by which clients ask it."""

    name: str
    system: System


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, with all that bears on its answer."""

    question: str
    history: tuple[Turn, ...]
    instruction: str
    k: int | None
    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked up, and the passages that were found."""

    query: str
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Explained:
    """A passage, and which of the query's tokens matched which of its own; None where the retriever cannot tell."""

    passage: Passage
    matches: tuple[TokenMatch, ...] | None


def answer(system: System, asked: Asked) -> Generator[Found | str, None, None]:
    """The passages, then the answer piece by piece."""
    k = asked.k or system.recipe.candidates.read or 1
    hits = retrieve(system, asked.question, k, asked.history)
    yield Found(retrieval_query(asked.question, asked.history), hits)
    prompt = rendered(system, asked.question, hits, asked.history, asked.instruction)
    yield from written(system, prompt, hits, asked.max_new_tokens)


def search(system: System, query: str, k: int) -> Generator[list[Hit], None, None]:
    """The passages that fit best."""
    yield retrieve(system, query, k)


def explain(system: System, query: str, passage_id: str) -> Generator[Explained, None, None]:
    """Why a passage was found."""
    try:
        (passage,) = system.index.passages.get([passage_id])
    except KeyError:
        raise Refusal(404, "invalid_request_error", "no passage of the index has this id", "passage_not_found") from None
    matches = system.index.retriever.explain(query, passage.content)
    yield Explained(passage, None if matches is None else tuple(matches))
