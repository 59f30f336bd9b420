"""What an audit found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from jmlr_cli.leakage.words import SIZE

Measure = Literal["exact", "normalised", "ngram", "near", "rationale", "marked"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

COVERED = (0.2, 0.5, 0.8)
"""Shares of n-grams at which questions are counted. Touvron et al. 2023 (arXiv 2307.09288, A.6) call a sample not clean from
20 % of its tokens on, and dirty from 80 % on."""

SHOWN = 3
"""Findings of one question that a report lists; all of them go into a file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``ngram``: words in an n-gram. ``common``: an n-gram that more texts hold is common wording and says nothing.
    ``coverage``: share of a question's n-grams from which on they count, 0 for any one. ``threshold``: Jaccard similarity of a
    near-duplicate. ``gold``: whether a question's own gold document can leak it."""

    ngram: int = SIZE
    common: int = 10
    coverage: float = 0.0
    threshold: float = 0.7
    gold: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A question, and a text that holds it by at least one of ``measures``.

    ``source`` is "index" or "training", ``text`` the id of the passage or training question, ``document`` the passage's.
    ``coverage`` is the share of the question's n-grams that the text holds, ``rationale`` of its rationale's, and ``jaccard``
    the similarity with the text's most similar stretch. ``overlap`` are the words that both have one after another, the most
    there are. ``answer`` says whether the text holds the right answer's words, ``gold`` whether it is of the gold document.
    """

    question: str
    source: str
    text: str
    document: str
    measures: tuple[Measure, ...]
    coverage: float
    rationale: float
    jaccard: float
    overlap: str
    answer: bool
    gold: bool

    @property
    def strength(self) -> tuple[int, float]:
        """What findings of one question are ordered by: the strictest measure, then how much is there."""
        return -min(map(MEASURES.index, self.measures)), max(self.coverage, self.jaccard, self.rationale)


@dataclass(frozen=True, slots=True)
class Searched:
    """Where was looked: an index or a training set, how many texts, and how many questions' answers stand in any of them."""

    source: str
    name: str
    texts: int
    answers: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of one question set found, in seconds of one process."""

    questions: str
    ids: tuple[str, ...] = field(repr=False)
    settings: Settings
    searched: tuple[Searched, ...]
    findings: tuple[Finding, ...] = field(repr=False)
    seconds: float = 0.0

    @property
    def leaks(self) -> list[Finding]:
        """The findings that count: those of the gold document only where the settings say so."""
        return [finding for finding in self.findings if self.settings.gold or not finding.gold]

    @property
    def leaking(self) -> list[str]:
        """The ids of the questions that leak, in the set's order."""
        found = {finding.question for finding in self.leaks}
        return [id for id in self.ids if id in found]

    @property
    def leaking_passages(self) -> dict[str, frozenset[str]]:
        """The ids of the index's passages that hold each leaking question, by its id. For another question the same passage may
        be gold."""
        found: dict[str, set[str]] = {finding.question: set() for finding in self.leaks}
        for finding in self.leaks:
            if finding.source == "index":
                found[finding.question].add(finding.text)
        return {question: frozenset(passages) for question, passages in found.items()}

    def strongest(self) -> list[Finding]:
        """The strongest findings of each leaking question, in the set's order."""
        of: dict[str, list[Finding]] = {}
        for finding in self.leaks:
            of.setdefault(finding.question, []).append(finding)
        return [each for id in self.leaking for each in sorted(of[id], key=lambda f: f.strength, reverse=True)[:SHOWN]]

    def as_json(self) -> dict[str, Any]:
        """The object that ``jmlr audit --json`` prints, without what only the command knows."""
        return {
            "schema": "jmlr.audit/1",
            "status": "ok",
            "questions": self.questions,
            "n": len(self.ids),
            "searched": [asdict(each) for each in self.searched],
            "settings": asdict(self.settings),
            "leaking": _counted(self.leaks, len(self.ids)),
            "measures": {name: self._measured(name) for name in MEASURES},
            "covered": {str(share): self._covered(share) for share in COVERED},
            "findings": [asdict(finding) for finding in self.strongest()],
            "seconds": round(self.seconds, 2),
        }

    def _covered(self, share: float) -> int:
        """How many questions have at least this share of their n-grams in one text."""
        return _distinct(finding.question for finding in self.leaks if finding.coverage >= share)

    def _measured(self, measure: Measure) -> dict[str, Any]:
        """How many questions leak by one measure, from how many texts, and how many do from their gold document alone."""
        by = [finding for finding in self.leaks if measure in finding.measures]
        gold = {finding.question for finding in self.findings if finding.gold and measure in finding.measures}
        return _counted(by, len(self.ids)) | {"only_in_gold": len(gold - {finding.question for finding in by})}


def _counted(findings: Sequence[Finding], n: int) -> dict[str, Any]:
    questions, texts = _distinct(f.question for f in findings), _distinct((f.source, f.text) for f in findings)
    return {"questions": questions, "share": questions / n if n else 0.0, "texts": texts}


def _distinct(values: Iterable[object]) -> int:
    return len(set(values))
