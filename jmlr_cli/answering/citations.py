"""Which passage supports which sentence of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from jmlr_cli.contracts.values import Hit

SUPPORT = 0.5
"""The share of a sentence's content words that a passage must hold to be cited for it."""

AT_MOST = 2
"""Passages cited for one sentence."""

WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
MARK = re.compile(r"\s*\[\d+(?:\s*[,;–-]\s*\d+)*\]")
BEGUN = re.compile(r"\s*(?:\[[\d\s,;–-]*)?$")
"""What may yet become a mark, or the white space before one."""

STOP = r"(?<=[.!?])(?<!^\d\.)(?<!^\d\d\.)(?=\s)"
"""The end of a sentence within a line. The number of a list's item is none."""
SENTENCE_END = re.compile(STOP + r"|(?<=\n)", re.MULTILINE)
ITEM = re.compile(r"\(?\d{1,3}(?:[.)]\s+|[.)]?$)")
"""The number of a list's item."""
FUNCTION_WORDS = frozenset(
    """
    a about after all also an and any are as at be because been before being but by can could did do does for from had
    has have he her his how i if in into is it its may might more most must no not of on or other our out over she
    should so some such than that the their them then there these they this those through to under until up was we
    were what when where which while who will with would you your
    """.split()
)


def content_words(text: str) -> set[str]:
    """The words of a text that carry its meaning, in lower case."""
    return {word for word in map(str.lower, WORD.findall(text)) if word not in FUNCTION_WORDS}


def word_overlap(sentence: str, text: str) -> float:
    """The share of a sentence's content words that stand in a text; 0 for a sentence without any."""
    words = content_words(sentence)
    return len(words & content_words(text)) / len(words) if words else 0.0


def without_number(sentence: str) -> str:
    """A sentence without white space around it, and without the number that it has as an item of a list."""
    text = sentence.strip()
    number = ITEM.match(text)
    return text[number.end() :] if number else text


def supporting(sentence: str, hits: Sequence[Hit]) -> list[int]:
    """The ranks of the passages that support a sentence, best first: those that hold at least
    :data:`SUPPORT` of its content words, and no fewer than the best one less a tenth."""
    said = without_number(sentence) or sentence
    if not content_words(said):
        return []
    held = {hit.rank: word_overlap(said, hit.passage.content) for hit in hits}
    best = max(held.values(), default=0.0)
    ranks = [rank for rank, share in held.items() if share >= SUPPORT and share >= best - 0.1]
    return sorted(ranks, key=lambda rank: (-held[rank], rank))[:AT_MOST]


def cite(pieces: Iterable[str], hits: Sequence[Hit]) -> Iterator[str]:
    """Pass an answer on as it comes, with ``[rank]`` after each sentence that a passage supports.

    Marks that the model writes itself are left out: it copies them from passages, where they number something else.
    """
    sentence, said = "", 0
    for piece in pieces:
        sentence = uncited(sentence + piece)
        *done, rest = SENTENCE_END.split(sentence)
        for whole in done:
            yield _cited(whole, hits)[said:]
            sentence, said = rest, 0
        ready = len(BEGUN.sub("", sentence))
        if ready > said:
            yield sentence[said:ready]
            said = ready
    if sentence:
        yield _cited(sentence, hits)[said:]


def _cited(sentence: str, hits: Sequence[Hit]) -> str:
    text = sentence.rstrip()
    marks = "".join(f"[{rank}]" for rank in supporting(text, hits))
    return f"{text} {marks}{sentence[len(text) :]}" if marks else sentence


def cited_sentences(answer: str, hits: Sequence[Hit]) -> list[tuple[str, list[int]]]:
    """The sentences of a whole answer that say anything, each with the ranks of the passages cited for it."""
    sentences = [sentence.strip() for sentence in SENTENCE_END.split(answer)]
    return [(sentence, supporting(sentence, hits)) for sentence in sentences if content_words(sentence)]


def uncited(text: str) -> str:
    """A text without its citation marks."""
    return MARK.sub("", text)


def cited_ranks(text: str) -> tuple[int, ...]:
    """The ranks marked in a text, each once, in the order of their first mark."""
    return tuple(dict.fromkeys(int(mark) for mark in re.findall(r"\[(\d+)\]", text)))
