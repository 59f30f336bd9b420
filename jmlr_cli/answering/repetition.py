"""Where an answer begins to go round in circles, as those of small models do when each word is the likeliest."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence

from jmlr_cli.answering.citations import STOP, without_number

SENTENCE_END = re.compile(STOP + r"|(?=\n)", re.MULTILINE)
LONGEST = 8
"""Sentences that a circle has at most."""
LEAST = 12
"""Characters that it has at least: a list may say "No." twice."""


def without_repetition(pieces: Iterable[str]) -> Iterator[str]:
    """Pass a text on as it comes, less what its last sentences, one or several, say word for word a second time, right after
    the first; where they stand a third time, it ends. What may become such a copy is held back until it turns out to be none."""
    text, said, gone_round = "", 0, 0
    circle: list[str] = []
    starts: list[int] = [0]
    sentences: list[str] = []
    try:
        for piece in pieces:
            text += piece
            while end := _end(text, starts[-1]):
                sentences.append(without_number(text[starts[-1] : end]))
                starts.append(end)
                if size := _copied(sentences):
                    yield text[said : starts[-1 - size]]
                    said = end
                    if circle == sentences[-size:] and len(sentences) == gone_round + size:
                        return
                    circle = sentences[-size:]
                    del sentences[-size:], starts[-1 - size : -1]
                    gone_round = len(sentences)
            held = _held(sentences, without_number(text[starts[-1] :]))
            ready = len(text) if held is None else starts[-1 - held]
            if ready > said:
                yield text[said:ready]
                said = ready
    finally:
        if isinstance(pieces, Generator):
            pieces.close()
    begun = without_number(text[starts[-1] :])
    if size := _copied([*sentences, begun]):
        yield text[said : starts[-size]]
    elif not _goes_on(circle, sentences[gone_round:], begun):
        yield text[said:]


def _end(text: str, start: int) -> int:
    """Where the sentence that begins at ``start`` ends; 0 while it goes on."""
    begun = len(text) - len(text[start:].lstrip())
    found = SENTENCE_END.search(text, begun + 1)
    return found.start() if found else 0


def _copied(sentences: Sequence[str]) -> int:
    """How many of the last sentences stand again as those before them; 0 when none do."""
    for size in range(1, min(LONGEST, len(sentences) // 2) + 1):
        block = sentences[-2 * size : -size]
        if block == sentences[-size:] and _counts(block):
            return size
    return 0


def _held(sentences: Sequence[str], begun: str) -> int | None:
    """How many of the last sentences may, with the one that has ``begun``, be the beginning of a copy; None when even that one
    is not."""
    found = None
    for size in range(1, LONGEST + 1):
        for count in range(min(size, len(sentences) - size + 1)):
            first = len(sentences) - count - size
            block, after = sentences[first : first + size], sentences[first + size :]
            if block[:count] == after and block[count].startswith(begun) and _counts(block):
                found = max(found or 0, count)
    return found


def _goes_on(circle: Sequence[str], after: list[str], begun: str) -> bool:
    """Whether a text that has gone round a ``circle`` breaks off in one more round, ``after`` these sentences of it."""
    count = len(after)
    return count < len(circle) and after == circle[:count] and circle[count].startswith(begun)


def _counts(block: Sequence[str]) -> bool:
    return sum(map(len, block)) >= LEAST
