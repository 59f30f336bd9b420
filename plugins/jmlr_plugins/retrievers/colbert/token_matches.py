"""Which token of a question matched which token of a passage."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from jmlr_cli.contracts.values import TokenMatch
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors

Span = tuple[int, int]
NOWHERE: Span = (0, 0)


def token_matches(
    query: TokenVectors, passage: TokenVectors, query_spans: Sequence[Span], passage_spans: Sequence[Span]
) -> list[TokenMatch]:
    """The terms of MaxSim's sum for one question and one passage: for each token ``i`` of the question that counts, the ``j``
    of ``max_j E_q[i] . E_d[j]`` and that maximum."""
    similarity = query.vectors[0].float() @ passage.vectors[0].float().T
    best, at = similarity.masked_fill(~passage.mask, float("-inf")).max(dim=1)
    return [
        TokenMatch(query_spans[i], passage_spans[j], value)
        for i, (j, value, counts) in enumerate(zip(at.tolist(), best.tolist(), query.mask[0].tolist(), strict=True))
        if counts
    ]


def spans(tokenizer: PreTrainedTokenizerBase, text: str, ids: Sequence[int]) -> list[Span]:
    """Where in ``text`` each of the tokens ``ids`` made of it stands; markers, [MASK] and the like stand nowhere."""
    encoded = tokenizer(text, return_offsets_mapping=True)
    places = list(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))
    found, next_one = [], 0
    for token in ids:
        here = next_one < len(places) and places[next_one][0] == token
        found.append(tuple(places[next_one][1]) if here else NOWHERE)
        next_one += here
    return found
