"""Where a text may be cut, and how much that hurts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

LONGEST_WORD = 20
"""Characters; text without spaces counts as words of this length, so that a piece of it is bounded too."""

PARAGRAPH, SENTENCE_AND_LINE, SENTENCE, LINE, ELSEWHERE, INSIDE_WORD = 0.0, 0.1, 0.2, 0.3, 1.0, 10.0
"""What a cut costs. A piece half as long as planned, or half as long again, costs 0.25."""

SENTENCE_END = re.compile(r"""[.!?。！？]["'”’)\]]*$""")
BREAK = re.compile(r"""[.!?]["'”’)\]]*\s+|\n\s*""")
ABBREVIATION = re.compile(r"\W*(dr|mr|mrs|ms|prof|st|vs|e\.g|i\.e|approx|no|figs?|tab|cf|al|ca|resp|incl)\.", re.IGNORECASE)


def whole_words(parts: Iterable[str]) -> Iterator[str]:
    """``parts`` of a text, where a word that lies across two of them goes to the second, unless it is of enormous length."""
    carried = ""
    for part, following in pairwise(chain(parts, " ")):
        text, carried = carried + part, ""
        if not text[-1].isspace() and not following[0].isspace():
            head, tail = text.split()[-1], following.split(maxsplit=1)[0]
            carried = head if len(head) + len(tail) <= LONGEST_WORD else ""
        text = text.removesuffix(carried)
        if text:
            yield text


def sentences(text: str) -> Iterator[str]:
    """``text`` cut after each sentence and line, with its white space."""
    ends = [0, *(found.end() for found in BREAK.finditer(text)), len(text)]
    return (text[start:end] for start, end in pairwise(ends) if start < end)


def cut_cost(before: str, after: str) -> float:
    """What it costs to cut between two parts of a text."""
    text = before.rstrip()
    newlines = before[len(text) :].count("\n")
    if text == before:
        return INSIDE_WORD
    if text.endswith(":"):  # what it announces would go to the next piece
        return ELSEWHERE
    if newlines > 1:
        return PARAGRAPH
    if after[0].islower():  # the line or the abbreviation before it ends no sentence
        return ELSEWHERE
    if _ends_sentence(text):
        return SENTENCE_AND_LINE if newlines else SENTENCE
    return LINE if newlines else ELSEWHERE


def _ends_sentence(text: str) -> bool:
    last = text.rsplit(maxsplit=1)[-1] if text else ""
    return bool(SENTENCE_END.search(last)) and not ABBREVIATION.fullmatch(last)
