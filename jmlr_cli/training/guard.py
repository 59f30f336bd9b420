"""Keeps out of a question's candidates what was written from the question itself.

A corpus that holds the reasoning of training questions (the paper adds GPT-4's) would otherwise hand a question
its own answer, and the models would learn to look that up.
"""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.leakage.marks import is_gold, is_marked, is_named
from jmlr_cli.leakage.words import SHORTEST, Grams, grams_of, words
from jmlr_cli.recipe.schema import GuardConfig


class Guard:
    """Tells a question's own passages from others.

    A passage is the question's own when its document says that it was written from it, or when it holds at least ``overlap`` of
    the word n-grams of the question or of its rationale. The gold document is never one. The answer is not compared: a passage
    that holds it is what retrieval is for.
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
        rationale, size = words(question.rationale or ""), self._config.ngram
        shorter = min(size, len(rationale)) if len(rationale) >= SHORTEST else size
        found = [(size, grams_of(words(question.text), size)), (shorter, grams_of(rationale, shorter))]
        return [(size, grams) for size, grams in found if grams]

    def _is_own(self, question: Question, passage: Passage) -> bool:
        """Whether the passage's document was written for the question. One that has its id and another's words is left out, too:
        the question may have been reworded since, and a passage too few harms nothing."""
        own = is_named(question, passage) or is_marked(question, passage)
        return self._config.document and own and not is_gold(question, passage)

    def _holds(self, question: Question, passage: Passage, texts: Sequence[tuple[int, Grams]]) -> bool:
        """Whether the passage holds enough of the question's texts."""
        if is_gold(question, passage):
            return False
        found, overlap = words(passage.content), self._config.overlap or 2
        return any(len(grams & grams_of(found, size)) / len(grams) >= overlap for size, grams in texts)
