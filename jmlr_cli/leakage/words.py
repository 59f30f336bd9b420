"""The one way to count words and n-grams, for the guard of training and for the audit alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

WORD = re.compile(r"[^\W_]+")
UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Soft hyphens and characters without width: they stand inside words of PDFs and web pages."""

SIZE = 13
"""Words in an n-gram (Brown et al. 2020, arXiv 2005.14165, appendix C)."""

SHORTEST = 8
"""Words that a text must have before a likeness to it says anything: the least n of the same appendix."""

Gram = tuple[str, ...]
Grams = frozenset[Gram]


def words(text: str) -> list[str]:
    """The words of a text without punctuation and case: NFKC makes one of the ways to write a character (ligatures, full width,
    combining accents), and case is folded."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text.translate(UNSEEN))
    return WORD.findall(plain.casefold())


def grams_of(found: Sequence[str], size: int) -> Grams:
    """The n-grams of a list of words; empty when it is shorter than one."""
    return frozenset(tuple(found[at : at + size]) for at in range(len(found) - size + 1))


def whole_or_grams(found: Sequence[str], size: int) -> Grams:
    """The n-grams of a list of words, or the whole of a shorter one as a single n-gram; empty when there are no words."""
    return grams_of(found, min(size, len(found))) if found else frozenset()


def holds(text: Sequence[str], part: Sequence[str]) -> bool:
    """Whether the words ``part`` stand in ``text``, one after another."""
    return f" {' '.join(part)} " in f" {' '.join(text)} "
