"""Keeps out of a question's candidates what was written from the question itself.

A corpus that holds the reasoning of training questions (the paper adds GPT-4's) would otherwise hand a question
its own answer, and the models would learn to look that up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.recipe.schema import GuardConfig

WORD = re.compile(r"\w+")
SHORTEST = 8
"""Words that a rationale must have before its overlap with a passage says anything."""

Grams = frozenset[tuple[str, ...]]


class Guard:
    """Tells a question's own passages from others.

    A passage is the question's own when its document was written for it (its id, or its metadata ``question``, is
    the question's id), or when it holds at least ``overlap`` of the word n-grams of the question or of its
    rationale. The gold document is never one. The answer is not compared: a passage that holds it is what
    retrieval is for.
    """

    def __init__(self, config: GuardConfig) -> None:
        self._config = config

    def keeps(self, question: Question, passages: Sequence[Passage], *, attached: bool = False) -> list[Passage]:
        """The passages that are not the question's own, in their order. Those that came ``attached`` to it belong to a
        document of its id by right: only their text is compared."""
        texts = self._texts(question)
        return [p for p in passages if not ((not attached and self._is_own(question, p)) or self._holds(question, p, texts))]

    def _texts(self, question: Question) -> list[tuple[int, Grams]]:
        """The n-grams of the question's text and of its rationale with their size, where they are long enough to tell."""
        if not self._config.overlap:
            return []
        rationale = len(words(question.rationale or ""))
        shorter = min(self._config.ngram, rationale) if rationale >= SHORTEST else self._config.ngram
        found = [
            (size, ngrams(text, size))
            for text, size in ((question.text, self._config.ngram), (question.rationale or "", shorter))
        ]
        return [(size, grams) for size, grams in found if grams]

    def _is_own(self, question: Question, passage: Passage) -> bool:
        """Whether the passage's document was written for the question."""
        named = question.id in (passage.document, passage.metadata.get("question"))
        return self._config.document and named and not _is_gold(question, passage)

    def _holds(self, question: Question, passage: Passage, texts: Sequence[tuple[int, Grams]]) -> bool:
        """Whether the passage holds enough of the question's texts."""
        if _is_gold(question, passage):
            return False
        overlap = self._config.overlap or 2
        return any(len(grams & ngrams(passage.content, size)) / len(grams) >= overlap for size, grams in texts)


def _is_gold(question: Question, passage: Passage) -> bool:
    return question.document is not None and passage.document == question.document


def words(text: str) -> list[str]:
    """The words of a text, in lower case, without punctuation."""
    return WORD.findall(text.lower())


def ngrams(text: str, size: int) -> Grams:
    """The word n-grams of a text; empty when it is shorter than one."""
    found = words(text)
    return frozenset(tuple(found[at : at + size]) for at in range(len(found) - size + 1))
