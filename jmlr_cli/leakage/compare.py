"""One question and one text, compared by every measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from functools import cached_property

from jmlr_cli.contracts.values import Question
from jmlr_cli.leakage.findings import MEASURES, Finding, Measure, Settings
from jmlr_cli.leakage.marks import is_gold, is_marked
from jmlr_cli.leakage.near import similarity
from jmlr_cli.leakage.texts import Text
from jmlr_cli.leakage.words import SHORTEST, Gram, Grams, grams_of, holds, whole_or_grams, words

IsCommon = Callable[[Gram], bool]
"""Whether so many texts hold an n-gram that it is common wording."""


class Asked:
    """A question with what is looked for of it, each computed when it is first needed."""

    def __init__(self, question: Question, size: int) -> None:
        self.question = question
        self.size = size

    @cached_property
    def words(self) -> list[str]:
        return words(self.question.text)

    @cached_property
    def grams(self) -> Grams:
        """The n-grams of the question; of a shorter one the whole."""
        return whole_or_grams(self.words, self.size)

    @cached_property
    def rationale(self) -> list[str]:
        """The words of the rationale; none when there are so few that they say nothing."""
        found = words(self.question.rationale or "")
        return found if len(found) >= SHORTEST else []

    @cached_property
    def rationale_grams(self) -> Grams:
        return whole_or_grams(self.rationale, self.size)

    @cached_property
    def answer_grams(self) -> Grams:
        """The right answer as a whole, or its n-grams where it is longer than one."""
        right = self.question.right_option
        return whole_or_grams(words((right.text if right else self.question.answer) or ""), self.size)


def compared(asked: Asked, text: Text, source: str, settings: Settings, is_common: IsCommon) -> Finding | None:
    """What the text holds of the question; None when that is nothing by any measure."""
    found = words(text.content)
    shared, reasoned = _shared(asked.grams, found), _shared(asked.rationale_grams, found)
    finding = Finding(
        asked.question.id,
        source,
        text.id,
        text.passage.document if text.passage else "",
        measures=(),
        coverage=round(_share(shared, asked.grams), 4),
        rationale=round(_share(reasoned, asked.rationale_grams), 4),
        jaccard=round(similarity(asked.words, found), 4),
        overlap=max(_overlap(asked.words, found), _overlap(asked.rationale, found), key=len),
        answer=bool(_shared(asked.answer_grams, found)),
        gold=bool(text.passage and is_gold(asked.question, text.passage)),
    )
    whole = bool(asked.words) and holds(found, asked.words)
    met: dict[Measure, bool] = {
        "exact": whole and asked.question.text.strip() in text.content,
        "normalised": whole,
        "ngram": finding.coverage >= settings.coverage and _tells(shared, asked.size, is_common),
        "near": finding.jaccard >= settings.threshold,
        "rationale": finding.rationale >= settings.coverage and _tells(reasoned, asked.size, is_common),
        "marked": bool(text.passage and is_marked(asked.question, text.passage)),
    }
    return replace(finding, measures=tuple(name for name in MEASURES if met[name])) if any(met.values()) else None


def _shared(grams: Grams, found: Sequence[str]) -> Grams:
    """Those of the n-grams, all of one size, that stand in a text."""
    return grams & grams_of(found, len(next(iter(grams)))) if grams else grams


def _tells(shared: Grams, size: int, is_common: IsCommon) -> bool:
    """Whether the n-grams that a text shares say something: one of them is no common wording, or they are a whole short text."""
    return any(len(gram) < size or not is_common(gram) for gram in shared)


def _share(shared: Grams, grams: Grams) -> float:
    return len(shared) / len(grams) if grams else 0.0


def _overlap(question: Sequence[str], found: Sequence[str]) -> str:
    """The most words that both have one after another."""
    match = SequenceMatcher(None, question, found, autojunk=False).find_longest_match()
    return " ".join(question[match.a : match.a + match.size])
