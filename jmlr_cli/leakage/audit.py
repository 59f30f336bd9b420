"""Which questions an index or a training set holds.

Two passes. The first streams over all texts and notes, for each question, the few that may hold it; its memory grows with the
questions and with what is found, not with the texts. The second fetches those and compares them with the question for certain.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.leakage.compare import Asked, compared
from jmlr_cli.leakage.findings import Audit, Finding, Searched, Settings
from jmlr_cli.leakage.marks import DIGEST, QUESTION, digest
from jmlr_cli.leakage.near import NearDuplicates
from jmlr_cli.leakage.postings import Postings
from jmlr_cli.leakage.texts import Text, Texts
from jmlr_cli.leakage.words import Gram, Grams, words

STEP = 100
"""Texts between two signs of progress."""


def audit(questions: QuestionSet, where: Sequence[Texts], settings: Settings, progress: Progress = silent) -> Audit:
    """What each of ``where`` holds of the questions."""
    started = time.perf_counter()
    asked = [Asked(question, settings.ngram) for question in questions.questions]
    searched: list[Searched] = []
    findings: list[Finding] = []
    for texts in where:
        search = _Search(asked, settings)
        search.stream(texts, progress)
        findings += search.findings(texts)
        searched.append(Searched(texts.source, texts.name, texts.count, search.answers()))
    ids = tuple(question.id for question in questions.questions)
    return Audit(questions.name, ids, settings, tuple(searched), tuple(findings), time.perf_counter() - started)


class _Search:
    """The questions as they are looked for in one body of texts."""

    def __init__(self, asked: Sequence[Asked], settings: Settings) -> None:
        self._asked = asked
        self._settings = settings
        self._questions = Postings(gram for each in asked for gram in (*each.grams, *each.rationale_grams))
        self._answers = Postings((gram for each in asked for gram in each.answer_grams), most=1)
        self._near = NearDuplicates({place: each.question.text for place, each in enumerate(asked)}, settings.threshold)
        self._marks = _places_by_mark([each.question for each in asked])
        self._candidates: dict[str, set[int]] = defaultdict(set)

    def stream(self, texts: Texts, progress: Progress) -> None:
        """Note what each text may hold."""
        for number, text in enumerate(texts.every(), 1):
            found = words(text.content)
            self._questions.note(text.id, found)
            self._answers.note(text.id, found)
            candidates = self._near.candidates(text.content, found) | self._marked(text)
            if candidates:
                self._candidates[text.id] |= candidates
            if number % STEP == 0:
                progress(STEP, texts.count)
        progress(texts.count % STEP, texts.count)

    def findings(self, texts: Texts) -> Iterator[Finding]:
        """The questions that are held for certain, in their order."""
        for place, asked in enumerate(self._asked):
            for id in (*self._holders(asked.grams), *self._holders(asked.rationale_grams)):
                self._candidates[id].add(place)
        found = [finding for text in texts.some(list(self._candidates)) for finding in self._compared(text, texts.source)]
        order = {asked.question.id: place for place, asked in enumerate(self._asked)}
        yield from sorted(found, key=lambda finding: (order[finding.question], finding.text))

    def answers(self) -> int:
        """How many questions' right answers stand in any text."""
        return sum(any(self._answers.texts(gram) for gram in each.answer_grams) for each in self._asked)

    def _compared(self, text: Text, source: str) -> Iterator[Finding]:
        for place in sorted(self._candidates[text.id]):
            finding = compared(self._asked[place], text, source, self._settings, self._is_common)
            if finding:
                yield finding

    def _holders(self, grams: Grams) -> Set[str]:
        """The texts that hold an n-gram which is no common wording, and those that may hold them all: the rarest one's."""
        held = [self._questions.texts(gram) for gram in grams]
        telling = [texts for gram, texts in zip(grams, held, strict=True) if not self._is_common(gram)]
        rarest = min(held, key=len, default=())
        return set(rarest).union(*telling)

    def _is_common(self, gram: Gram) -> bool:
        return len(self._questions.texts(gram)) > self._settings.common

    def _marked(self, text: Text) -> set[int]:
        """The questions that a passage may be marked with."""
        if text.passage is None:
            return set()
        told = (text.passage.document, *map(text.passage.metadata.get, (QUESTION, DIGEST)))
        return {place for each in told if each for place in self._marks.get(each, ())}


def _places_by_mark(questions: Sequence[Question]) -> dict[str, list[int]]:
    """The places of the questions by what a passage may call them: their id, or the digest of their words."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        places[question.id].append(place)
        places[digest(question)].append(place)
    return places
