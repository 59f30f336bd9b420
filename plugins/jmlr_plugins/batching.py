"""Which sequences go through a model together."""

from __future__ import annotations

from collections.abc import Sequence

FULL = {"cpu": 512, "cuda": 4096, "mps": 2048}
"""Tokens with which a device is busy: a batch below that is filled up whatever the padding."""
LEAST_USED = 7 / 8
"""How full a longer batch's shortest row is."""


def batches(lengths: Sequence[int], device: str, budget: int | None = None, size: int | None = None) -> list[list[int]]:
    """Places of sequences in batches of like length, longest first.

    A batch has at most ``size`` sequences and ``budget`` tokens with its padding (or a single sequence). Beyond what keeps
    a ``device`` of this type busy, it takes only sequences that are nearly as long as its longest.
    """
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if groups and _joins(lengths[place], lengths[groups[-1][0]], len(groups[-1]), FULL.get(device, 512), budget, size):
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _joins(length: int, longest: int, count: int, full: int, budget: int | None, size: int | None) -> bool:
    if (size and count >= size) or (budget and (count + 1) * longest > budget):
        return False
    return count * longest < full or length >= LEAST_USED * longest


def batches_of_equal_room(lengths: Sequence[int], rooms: Sequence[int], device: str, budget: int) -> list[list[int]]:
    """As :func:`batches`, for prompts that may each be continued by their own number of tokens: a prompt whose
    answer the context cuts short is not decoded with those that have room."""
    groups: list[list[int]] = []
    for room in sorted(set(rooms)):
        alike = [place for place, other in enumerate(rooms) if other == room]
        groups += [[alike[member] for member in group] for group in batches([lengths[p] + room for p in alike], device, budget)]
    return groups
