"""Which sequences go through the model together."""

from __future__ import annotations

from collections.abc import Sequence


def batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Places of sequences in batches of like length, longest first, each at most ``budget`` tokens with its
    padding (or a single sequence)."""
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lambda place: -lengths[place]):
        if groups and (len(groups[-1]) + 1) * lengths[groups[-1][0]] <= budget:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def batches_of_equal_room(lengths: Sequence[int], rooms: Sequence[int], budget: int) -> list[list[int]]:
    """As :func:`batches`, for prompts that may each be continued by their own number of tokens: a prompt whose
    answer the context cuts short is not decoded with those that have room."""
    groups: list[list[int]] = []
    for room in sorted(set(rooms)):
        alike = [place for place, other in enumerate(rooms) if other == room]
        groups += [[alike[member] for member in group] for group in batches([lengths[p] + room for p in alike], budget)]
    return groups
