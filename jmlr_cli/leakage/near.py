"""Near-duplicates: word shingles, their Jaccard similarity, and MinHash with locality-sensitive hashing to find them fast.

A question is compared with the stretch of a text that is as long as the question: one of 40 words has next to no similarity with
a whole passage of 400. Candidates are texts of which a sentence falls into one bucket with a sentence of the question
(MinHash: Broder 1997; banding: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3). Whoever takes a candidate
computes :func:`similarity`, so that the hashing can only miss, never invent.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from datasketch import MinHash, MinHashLSH

from jmlr_cli.leakage.words import SIZE, Gram, grams_of, words

SHINGLE = 3
"""Words in a shingle."""

LEAST = SIZE
"""Words of a question that is compared: in a shorter one, another word makes another question ("the treatments for gout")."""

BANDS, ROWS = 16, 3
"""Of the signature: two sentences of Jaccard similarity 0.5 share a bucket with probability 1 − (1 − 0.5³)¹⁶ = 0.88."""

SEED = 1
SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+|\n+")
SENTENCE = 5
"""Words of a sentence that is compared, at least: three shingles."""

ALIKE = 1 / 3
"""Jaccard similarity below which two sentences are not worth a signature."""


class NearDuplicates:
    """Finds the questions of which a text may hold a near-duplicate. ``questions`` are texts by key; those under
    :data:`LEAST` words are left out."""

    def __init__(self, questions: Mapping[int, str], threshold: float) -> None:
        self._threshold = threshold
        self._shingles = {key: _hashed(grams_of(found, SHINGLE)) for key, found in _long(questions).items()}
        self._known = frozenset().union(*self._shingles.values())
        self._owners: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for key in self._shingles:
            for sentence in set(map(tuple, _sentences(questions[key]))):
                self._owners[sentence].append(key)
        self._lsh = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
        self._empty = MinHash(num_perm=BANDS * ROWS, seed=SEED)
        for sentence in self._owners:
            self._lsh.insert(sentence, _signature(sentence, self._empty))

    def candidates(self, content: str, found: Sequence[str]) -> set[int]:
        """The keys of the questions that the text ``content``, whose words are ``found``, may hold a near-duplicate of."""
        familiar = [sentence for sentence in _sentences(content) if self._is_familiar(sentence)]
        near = {other for sentence in familiar for other in self._lsh.query(_signature(sentence, self._empty))}
        if not near:
            return set()
        shingles = _hashed(grams_of(found, SHINGLE))
        keys = {key for sentence in near for key in self._owners[sentence]}
        return {key for key in keys if self._may(self._shingles[key], shingles)}

    def _is_familiar(self, sentence: Sequence[str]) -> bool:
        """Whether a sentence can be alike to one of a question's: J(S, Q) ≤ |S ∩ K| / |S| where K are the shingles of all."""
        shingles = _hashed(grams_of(sentence, SHINGLE))
        return len(shingles & self._known) >= ALIKE * len(shingles)

    def _may(self, question: frozenset[int], text: frozenset[int]) -> bool:
        """Whether any stretch of the text can reach the threshold: J(Q, W) ≤ |Q ∩ T| / |Q| for every W in T."""
        return len(question & text) >= self._threshold * len(question)


def similarity(question: Sequence[str], text: Sequence[str]) -> float:
    """The Jaccard similarity of a question's word shingles with those of the most similar stretch of a text that has as many
    words; 0 for a question under :data:`LEAST` words."""
    if len(question) < LEAST:
        return 0.0
    wanted = grams_of(question, SHINGLE)
    shingles = [tuple(text[at : at + SHINGLE]) for at in range(len(text) - SHINGLE + 1)]
    width = len(question) - SHINGLE + 1
    return max(_jaccards(wanted, shingles, min(width, len(shingles))), default=0.0)


def _jaccards(wanted: frozenset[Gram], shingles: Sequence[Gram], width: int) -> list[float]:
    """The Jaccard similarity of ``wanted`` with each stretch of ``width`` shingles."""
    inside: Counter[Gram] = Counter()
    shared, found = 0, []
    for at, entering in enumerate(shingles):
        inside[entering] += 1
        shared += inside[entering] == 1 and entering in wanted
        if at >= width:
            leaving = shingles[at - width]
            inside[leaving] -= 1
            if not inside[leaving]:
                del inside[leaving]
                shared -= leaving in wanted
        if at >= width - 1:
            found.append(shared / (len(wanted) + len(inside) - shared))
    return found


def _long(questions: Mapping[int, str]) -> dict[int, list[str]]:
    found = {key: words(text) for key, text in questions.items()}
    return {key: each for key, each in found.items() if len(each) >= LEAST}


def _sentences(text: str) -> list[list[str]]:
    """The words of each sentence, of the whole text where none is long enough."""
    found = [words(sentence) for sentence in SENTENCE_END.split(text)]
    return [each for each in found if len(each) >= SENTENCE] or [each for each in [words(text)] if len(each) >= SHINGLE]


def _signature(sentence: Sequence[str], empty: MinHash) -> MinHash:
    """The signature of a sentence; ``empty`` is that of no sentence, whose permutations it has."""
    signature = empty.copy()
    signature.update_batch([" ".join(gram).encode() for gram in grams_of(sentence, SHINGLE)])
    return signature


def _hashed(grams: frozenset[Gram]) -> frozenset[int]:
    return frozenset(map(hash, grams))
