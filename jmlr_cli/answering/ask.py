"""A question becomes a cited answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import signature

from jmlr_cli.answering.citations import cite
from jmlr_cli.answering.conversation import retrieval_query
from jmlr_cli.answering.repetition import without_repetition
from jmlr_cli.answering.system import System
from jmlr_cli.contracts.values import Hit, Prompt, Question, Turn
from jmlr_cli.errors import InputError


def retrieve(system: System, question: str, k: int, history: Sequence[Turn] = ()) -> list[Hit]:
    """The ``k`` best passages for a question, best first; for a follow-up, in the light of the questions before it."""
    return system.index.search([retrieval_query(question, history)], k)[0]


def rendered(system: System, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), instruction: str = "") -> Prompt:
    """What the language model reads. Passages come in ascending score, so that the best stands next to the question.

    Raises :class:`InputError` for a question that does not fit, and for ``history`` where the generator takes none.
    """
    passages = [hit.passage for hit in reversed(hits)]
    asked, render = Question(id="ask", text=question), system.generator.render
    if not history:
        return render(asked, passages, instruction=instruction)
    if "history" not in signature(render).parameters:  # a plugin that was written before there were conversations
        raise InputError(
            f"the generator {system.recipe.generator.plugin!r} holds no conversations", "Ask each question by itself."
        )
    return render(asked, passages, instruction=instruction, history=history)


def written(system: System, prompt: Prompt, hits: Sequence[Hit], max_new_tokens: int) -> Iterator[str]:
    """The answer to a prompt as it is written, with citation marks, without what it says again at once."""
    return cite(without_repetition(system.generator.stream(prompt, max_new_tokens)), hits)


def answer_pieces(system: System, question: str, hits: Sequence[Hit], max_new_tokens: int) -> Iterator[str]:
    """The answer to a single question as it is written, with citation marks."""
    return written(system, rendered(system, question, hits), hits, max_new_tokens)
