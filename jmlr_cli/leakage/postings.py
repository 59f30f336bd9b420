"""Which texts hold which n-grams of the questions: an inverted index whose words are given beforehand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from jmlr_cli.leakage.words import Gram


class Postings:
    """Notes which texts hold the n-grams that are looked for.

    Memory grows with the n-grams that are looked for and with how often they are met, at most ``most`` times each, not with the
    texts. n-grams are told apart by 64-bit hashes; whoever reads the result compares the texts themselves.
    """

    def __init__(self, grams: Iterable[Gram], most: int | None = None) -> None:
        self._most = most
        self._wanted: set[int] = set()
        self._sizes: dict[str, set[int]] = defaultdict(set)
        self._texts: dict[int, list[str]] = {}
        for gram in grams:
            self._wanted.add(hash(gram))
            self._sizes[gram[0]].add(len(gram))

    def note(self, text: str, words: Sequence[str]) -> None:
        """Note which of the n-grams stand in ``words``, those of the text with the id ``text``."""
        wanted, texts = self._wanted, self._texts
        for at, word in enumerate(words):
            for size in self._sizes.get(word, ()):
                key = hash(tuple(words[at : at + size]))
                if key in wanted:
                    met = texts.setdefault(key, [])
                    if not met or met[-1] != text:
                        met.append(text)
                    if len(met) == self._most:
                        wanted.discard(key)

    def texts(self, gram: Gram) -> Sequence[str]:
        """The ids of the texts that hold an n-gram, in the order in which they were met."""
        return self._texts.get(hash(gram), ())
