"""Passages as they stream: counted, read more than once, taken in lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from itertools import islice
from typing import Protocol, TypeVar, cast

Item = TypeVar("Item")
Read = TypeVar("Read", covariant=True)


class Repeatable(Protocol[Read]):
    """Items that are counted and can be read more than once, such as a list, or the passages of an index that stream."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Read]: ...


def repeatable(items: Iterable[Item]) -> Repeatable[Item]:
    """The items as something that can be read more than once: as they are, where they can be counted, else as a list."""
    return cast("Repeatable[Item]", items) if isinstance(items, Sized) else list(items)


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of ``size``; the last may be shorter."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
