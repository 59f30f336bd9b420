"""Prompts to token ids, so that only trusted text can hold special tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from jmlr_cli.contracts.values import Part, Prompt
from jmlr_cli.errors import InputError
from jmlr_plugins.generators.backend import controls, describe, plain_tokenizer, prefix_scheme

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Encoder:
    """Tokenises prompts and answers of one model.

    Adjacent parts of equal trust are tokenised as one text, so a plain prompt becomes the very ids that
    the tokenizer gives its text. A prompt whose first part is trusted brings its own beginning of
    text; before any other the tokenizer's own is put.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, end: str = "") -> None:
        if not tokenizer.is_fast:
            raise InputError(f"the tokenizer in {tokenizer.name_or_path} has no fast version", "Convert it to a tokenizer.json.")
        description = describe(tokenizer.backend_tokenizer)
        found = controls(description)
        self.beginning = _beginning(tokenizer)
        self.end_id = _end_id(tokenizer, end)
        self._control_ids = {control.text: control.id for control in found}
        self._control_pattern = _pattern([(c.text, c.lstrip, c.rstrip) for c in found])
        self._forbidden = frozenset(self._control_ids.values()) - {tokenizer.unk_token_id}
        self._scheme = prefix_scheme(description)
        self._opening = plain_tokenizer(description)
        self._continuing = self._opening if self._scheme == "never" else plain_tokenizer(description, prefix=False)

    def prompt_ids(self, prompt: Prompt) -> list[int]:
        """The ids that the model reads before it answers."""
        brings_its_own = bool(prompt.parts) and prompt.parts[0].trusted
        ids, opens = ([] if brings_its_own else list(self.beginning)), True
        for text, control in self._segments(prompt.parts):
            if control is not None:
                ids.append(control)
                opens = self._scheme == "always"
            else:
                ids += self._text_ids(text, opens)
                opens = False
        return ids

    def answer_ids(self, prompt: Prompt, answer: str, *, end: bool = False) -> list[int]:
        """The ids of ``answer`` after ``prompt``: those that the answer adds when it is tokenised with the
        text before it. ``end`` adds the token that closes an answer."""
        segments = list(self._segments(prompt.parts[-1:]))
        before, control = segments[-1] if segments else ("", None)
        opens = self._scheme == "always"
        ids = self._added_ids(before, answer) if control is None else self._text_ids(answer, opens)
        return [*ids, self.end_id] if end else ids

    def length(self, prompt: Prompt) -> int:
        """How many tokens the prompt has."""
        return len(self.prompt_ids(prompt))

    def token_ends(self, text: str) -> list[int]:
        """Where each token of a text ends, in characters."""
        return [end for _, end in self._continuing.encode(text, add_special_tokens=False).offsets]

    def _added_ids(self, before: str, answer: str) -> list[int]:
        alone, both = self._text_ids(before, False), self._text_ids(before + answer, False)
        return both[len(alone) :] if both[: len(alone)] == alone else self._text_ids(answer, False)

    def _segments(self, parts: Sequence[Part]) -> Iterator[tuple[str, int | None]]:
        """Stretches of text, and between them the special tokens of trusted parts."""
        for trusted, run in groupby(parts, key=lambda part: part.trusted):
            text = "".join(part.text for part in run)
            for piece in self._control_pattern.split(text) if trusted else [text]:
                control = self._control_ids.get(piece.strip(), self._control_ids.get(piece)) if trusted else None
                if piece:
                    yield piece, control

    def _text_ids(self, text: str, opens: bool) -> list[int]:
        """The ids of plain text. A vocabulary can still spell special tokens by its own merges; such tokens
        are cut in two."""
        encoding = (self._opening if opens else self._continuing).encode(text, add_special_tokens=False)
        spelled = zip(encoding.ids, encoding.offsets, strict=True)
        cuts = [(start + end) // 2 for token, (start, end) in spelled if token in self._forbidden and end - start > 1]
        if not cuts:
            return encoding.ids
        pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
        return [token for place, piece in enumerate(pieces) for token in self._text_ids(piece, opens and place == 0)]


def _end_id(tokenizer: PreTrainedTokenizerBase, end: str) -> int:
    found = tokenizer.convert_tokens_to_ids(end) if end else tokenizer.eos_token_id
    if not isinstance(found, int):
        raise InputError(f"the tokenizer in {tokenizer.name_or_path} has no token that ends a text", "Give it an eos_token.")
    return found


def _beginning(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The ids that the tokenizer puts before a text of its own accord."""
    whole = tokenizer("x")["input_ids"]
    bare = tokenizer("x", add_special_tokens=False)["input_ids"]
    starts = (at for at in range(len(whole)) if whole[at : at + len(bare)] == bare)
    return tuple(whole[: next(starts)])


def _pattern(tokens: list[tuple[str, bool, bool]]) -> re.Pattern[str]:
    """Splits a text at special tokens, the longest first, each with the white space that it swallows."""
    longest_first = sorted(tokens, key=lambda token: -len(token[0]))
    space = r"\s*"
    spelled = [space * lstrip + re.escape(text) + space * rstrip for text, lstrip, rstrip in longest_first]
    return re.compile(f"({'|'.join(spelled) or '(?!)'})")
