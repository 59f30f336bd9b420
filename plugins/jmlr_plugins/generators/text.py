"""Generated text as it comes, in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def tidy(pieces: Iterable[str], stops: Sequence[str] = ()) -> Iterator[str]:
    """Pieces of a text up to the first of ``stops``, without the white space at either end."""
    held, started = "", False
    for piece in pieces:
        held += piece
        over = [held.index(stop) for stop in stops if stop in held]
        if over:
            held = held[: min(over)]
            break
        ready = held[: _safe_length(held, stops)].rstrip()
        if ready.strip():
            yield ready if started else ready.lstrip()
            held, started = held[len(ready) :], True
    rest = held.rstrip() if started else held.strip()
    if rest:
        yield rest


def _safe_length(text: str, stops: Sequence[str]) -> int:
    """How much of ``text`` cannot be the beginning of a stop."""
    longest = max(map(len, stops), default=0)
    for start in range(max(0, len(text) - longest), len(text)):
        if any(stop.startswith(text[start:]) for stop in stops):
            return start
    return len(text)
