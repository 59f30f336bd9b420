"""In-batch negatives: what was drawn for the other questions of a batch, which is encoded anyway."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from jmlr_cli.contracts.values import Passage


def places_of_others(pools: Sequence[Sequence[Passage]], drawn: Sequence[Sequence[Passage]]) -> list[list[int]]:
    """Where each question's negatives stand among all ``drawn`` passages (B, m), row after row, equally many for each.

    A passage is one when it was drawn for another question, and is of no document that the question has a candidate of
    (``pools``, B rows): that could help it as well.
    """
    rows = [_row(number, pool, drawn) for number, pool in enumerate(pools)]
    count = min(map(len, rows))
    return [row[:count] for row in rows]


def _row(number: int, pool: Sequence[Passage], drawn: Sequence[Sequence[Passage]]) -> list[int]:
    own, seen, places = {passage.document for passage in pool}, set(), []
    for place, (row, passage) in enumerate((row, passage) for row, passages in enumerate(drawn) for passage in passages):
        if row != number and passage.document not in own and passage.id not in seen:
            seen.add(passage.id)
            places.append(place)
    return places


def as_of_least_use(answer_nll: torch.Tensor, count: int) -> torch.Tensor:
    """ℓ (B, m + count) with ``count`` negatives, which the language model does not read: as high as the highest of the
    m drawn passages."""
    return torch.cat([answer_nll, answer_nll.detach().amax(1, keepdim=True).expand(-1, count)], 1)
