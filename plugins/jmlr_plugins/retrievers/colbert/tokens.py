"""Questions and passages as ColBERT's tokens: markers, [MASK] augmentation, punctuation."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from jmlr_plugins.retrievers.colbert.settings import ColBERTSettings


@dataclass(frozen=True)
class TokenRow:
    """One text. Per token: its id, whether other tokens see it, and whether its vector counts in MaxSim."""

    ids: list[int]
    seen: list[int]
    counts: list[int]


class ColBERTTokenizer:
    """``[CLS] marker text [SEP]``; a question is filled up with [MASK], whose vectors count like any
    other's; a passage's punctuation is seen, and its vectors do not count."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, settings: ColBERTSettings, limit: int) -> None:
        self._tokenizer = tokenizer
        self._settings = settings
        self._limit = limit
        self._skipped = _punctuation(tokenizer) if settings.mask_punctuation else frozenset()

    def queries(self, texts: Sequence[str]) -> list[TokenRow]:
        """The rows of questions: at least ``query_length`` tokens, if the vocabulary has a [MASK]."""
        settings, mask = self._settings, self._tokenizer.mask_token_id
        fill_to = 0 if mask is None else min(settings.query_length, self._limit)
        longest = max(settings.query_length, settings.query_max_length)
        rows = []
        for ids in self._marked(texts, settings.query_marker, longest):
            fill = max(0, fill_to - len(ids))
            seen = [1] * len(ids) + [int(settings.attend_to_mask_tokens)] * fill
            rows.append(TokenRow(ids + [mask] * fill, seen, [1] * (len(ids) + fill)))
        return rows

    def passages(self, texts: Sequence[str]) -> list[TokenRow]:
        """The rows of passages."""
        marked = self._marked(texts, self._settings.passage_marker, self._settings.passage_length)
        return [TokenRow(ids, [1] * len(ids), [int(one not in self._skipped) for one in ids]) for ids in marked]

    def _marked(self, texts: Sequence[str], marker: str | None, longest: int) -> list[list[int]]:
        """Token ids of each text, cut to ``longest``, with the marker after the opening token."""
        marks = [self._tokenizer.get_vocab()[marker]] if marker else []
        room = min(longest, self._limit) - len(marks)
        rows = self._tokenizer(list(texts), truncation=True, max_length=room)["input_ids"]
        opening = (self._tokenizer.cls_token_id, self._tokenizer.bos_token_id)
        return [[*row[:start], *marks, *row[start:]] for row in rows for start in [int(row[:1] != [] and row[0] in opening)]]


def _punctuation(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The ids of ASCII punctuation, alone and as a word of its own."""
    known = tokenizer.get_vocab()
    alone = {known[symbol] for symbol in string.punctuation if symbol in known}
    words = [tokenizer.encode(symbol, add_special_tokens=False) for symbol in string.punctuation]
    return frozenset((alone | {ids[0] for ids in words if len(ids) == 1}) - {tokenizer.unk_token_id})
