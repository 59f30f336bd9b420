"""Cuts a long text into pieces of about equal length, at the best places there are."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, inf

from semantic_text_splitter import TextSplitter

from jmlr_cli.corpus.breaks import LONGEST_WORD, cut_cost, sentences, whole_words

ATOMS_PER_PIECE = 8
"""A longer sentence than this share of a piece is cut where Unicode sees a boundary (UAX 29)."""

SMALLEST_ATOM = 100
"""A shorter line than this share of a piece, a title for example, stays with what follows."""

BLOCK = 5000
"""Characters that the Unicode splitter gets at once, since its time grows with their square."""

FULLNESS = 0.9
"""Pieces are planned this full, which leaves room to choose where they end."""


def word_count(text: str) -> int:
    """Words between white space; text without spaces counts by its length."""
    words = text.split()
    return max(len(words), ceil(sum(map(len, words)) / LONGEST_WORD))


def pieces(text: str, words: int) -> list[str]:
    """``text`` cut into pieces of at most ``words`` words, in order and with nothing lost but white space."""
    total = word_count(text)
    if total <= words:
        return [text.strip()]
    atoms = _atoms(text, words)
    planned = total / ceil(total / (FULLNESS * words))
    ends = _best_ends(atoms, words, planned)
    return ["".join(atoms[start:end]).strip() for start, end in zip([0, *ends], ends, strict=False)]


def _atoms(text: str, words: int) -> list[str]:
    """What is never cut: sentences and lines, parts of those that are too long, and short ones with what follows them."""
    parts = (part for sentence in sentences(text) for part in _parts(sentence, max(1, words // ATOMS_PER_PIECE)))
    atoms = [""]
    for part in whole_words(parts):
        if word_count(atoms[-1]) < words / SMALLEST_ATOM:
            atoms[-1] += part
        else:
            atoms.append(part)
    return atoms


def _parts(sentence: str, words: int) -> list[str]:
    if word_count(sentence) <= words:
        return [sentence]
    blocks = (sentence[at : at + BLOCK] for at in range(0, len(sentence), BLOCK))
    return [part for block in blocks for part in _splitter(words).chunks(block)]


@lru_cache(maxsize=8)
def _splitter(words: int) -> TextSplitter:
    return TextSplitter.from_callback(word_count, words, trim=False)


def _best_ends(atoms: list[str], words: int, planned: float) -> list[int]:
    """Where to end each piece, as counts of atoms. By dynamic programming over all ways to cut, the least sum of the
    cuts' costs and of the squared relative deviations from the ``planned`` length in words."""
    sizes = [word_count(atom) for atom in atoms]
    costs, starts = [0.0], [0]
    for end in range(1, len(atoms) + 1):
        cost, start = inf, end - 1
        size = 0
        for first in range(end - 1, -1, -1):
            size += sizes[first]
            if size > words and first < end - 1:
                break
            here = costs[first] + (size / planned - 1) ** 2
            if here < cost:
                cost, start = here, first
        costs.append(cost + (cut_cost(atoms[end - 1], atoms[end]) if end < len(atoms) else 0))
        starts.append(start)
    return _ends(starts)


def _ends(starts: list[int]) -> list[int]:
    """Follow the best piece before each end back to the beginning."""
    ends = [len(starts) - 1]
    while starts[ends[-1]]:
        ends.append(starts[ends[-1]])
    return ends[::-1]
