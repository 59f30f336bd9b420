"""Shortens passages fairly, so that a prompt fits the model's context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from jmlr_cli.contracts.values import Prompt, Turn
from jmlr_cli.errors import InputError


class TokenCounter(Protocol):
    """Counts tokens exactly or nearly."""

    def length(self, prompt: Prompt) -> int: ...

    def token_ends(self, text: str) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Room:
    """How many tokens a prompt may have: ``limit`` less ``reserved`` for the answer. ``question`` and
    ``model`` name the two in an error."""

    limit: int
    reserved: int
    question: str
    model: str


def fair_shares(lengths: Sequence[int], room: int) -> list[int]:
    """Water-filling: every passage gets an equal share of ``room``, and what a short one does not need goes
    to the longer ones. A remainder goes to the passages that come last."""
    shares = [0] * len(lengths)
    by_length = sorted(range(len(lengths)), key=lambda place: (lengths[place], place))
    for served, place in enumerate(by_length):
        shares[place] = min(lengths[place], room // (len(lengths) - served))
        room -= shares[place]
    return shares


def recent(
    history: Sequence[Turn], compose: Callable[[Sequence[Turn]], Prompt], counter: TokenCounter, room: Room
) -> tuple[Turn, ...]:
    """The newest turns of a conversation that together take at most half of the room beside the question: the rest is
    for passages. ``compose`` makes a prompt of turns, without passages."""
    bare = counter.length(compose(()))
    share = (room.limit - room.reserved - bare) // 2
    for start in reversed(range(len(history))):
        if counter.length(compose(history[start:])) - bare > share:
            return tuple(history[start + 1 :])
    return tuple(history)


def fit(passages: Sequence[str], compose: Callable[[Sequence[str]], Prompt], counter: TokenCounter, room: Room) -> Prompt:
    """The prompt that ``compose`` makes of the passages, each cut at a token boundary to a prefix of itself.

    Passages come worst first; where not even one token of each fits, the worst are left out. Raises
    :class:`InputError` when the prompt does not fit without any passage.
    """
    whole, allowed = compose(passages), room.limit - room.reserved
    length = counter.length(whole)
    if length <= allowed:
        return replace(whole, tokens=length + room.reserved)
    ends = [counter.token_ends(passage) for passage in passages]
    for left_out in range(len(passages) + 1):
        cut = _cut(passages[left_out:], ends[left_out:], compose, counter, allowed)
        if cut is not None:
            left = sum(map(len, ends[:left_out]))
            return replace(cut, cut_tokens=cut.cut_tokens + left, tokens=cut.tokens + room.reserved)
    bare = counter.length(compose([]))
    raise InputError(
        f"question {room.question!r} does not fit {room.model}: it has {bare} tokens and its answer {room.reserved}, "
        f"but the context is {room.limit}",
        "Shorten the question, or raise generator.context (with generator.rope_scaling beyond the model's own limit).",
    )


def _cut(
    passages: Sequence[str],
    ends: list[list[int]],
    compose: Callable[[Sequence[str]], Prompt],
    counter: TokenCounter,
    allowed: int,
) -> Prompt | None:
    """The prompt with all of these passages, or None when there is no token for one of them."""
    lengths = [len(of_passage) for of_passage in ends]
    spare = allowed - counter.length(compose([""] * len(passages)))
    while spare >= len(passages):
        shares = fair_shares(lengths, spare)
        kept = [text[: of_passage[n - 1]] if n else "" for text, of_passage, n in zip(passages, ends, shares, strict=True)]
        prompt = compose(kept)
        excess = counter.length(prompt) - allowed
        if excess <= 0:
            return replace(prompt, cut_tokens=sum(lengths) - sum(shares), tokens=allowed + excess)
        spare = min(spare, sum(shares)) - excess  # a cut can tokenise anew, a little longer than counted
    return None
