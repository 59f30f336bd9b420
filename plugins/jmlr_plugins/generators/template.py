"""The content of a prompt: the passages, then the question, then the cue for an answer, in one of two wordings.

The paper's code words the prompt differently in training and at inference; ours is one wording, used in both. A model
family puts its :class:`Frame` around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from jmlr_cli.contracts.values import Part, Question, Turn

Template = Literal["jmlr", "lm-eval"]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words before each passage, before the question, and before the answer to an option question or another one.

    ``opening`` begins a prompt that no frame surrounds. ``instructs``: whether the prompt says what kind of answer is wanted.
    """

    passage: str
    question: str
    option_cue: str
    answer_cue: str
    opening: str = ""
    instructs: bool = True

    @property
    def stops(self) -> tuple[str, ...]:
        """A model that writes one of these has begun another prompt: its answer is over."""
        return tuple(f"\n{words.rstrip()}" for words in (self.passage, self.question))


JMLR = Wording("Reference:\n", "Question:\n", "Correct Answer:", "Answer:", opening="\n")
WORDINGS: dict[Template, Wording] = {
    "jmlr": JMLR,
    "lm-eval": Wording("Abstract: ", "Question: ", "Answer:", "Answer:", instructs=False),
}
"""``jmlr``: the paper's. ``lm-eval``: that of ``medqa_4options`` in EleutherAI's lm-evaluation-harness; passages, which that task
does not have, are led in as in its ``pubmedqa``."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a model family puts around the content. An empty frame leaves plain text.

    ``lead`` stands between the prompt and the answer and belongs to the answer. ``end`` is the special
    token that closes an answer; "" means the tokenizer's own end of text. Where the model writes one
    of ``stops``, its answer is over; without any, the wording's count. ``between`` stands between an earlier answer and
    the next question.
    """

    before: str = ""
    after: str = ""
    lead: str = " "
    end: str = ""
    stops: tuple[str, ...] = ()
    between: str = ""

    def around(self, content: tuple[Part, ...], history: Sequence[Turn] = (), wording: Wording = JMLR) -> tuple[Part, ...]:
        """The whole prompt, earlier turns first. A framed one begins with a trusted part: it brings its own beginning of text."""
        if not (self.before or self.after):
            return (*(part for turn in history for part in _plain(turn, wording)), *content)
        earlier = [part for turn in history for part in self._framed(turn, wording)]
        first = replace(content[0], text=content[0].text.lstrip("\n"))
        return (Part(self.before, trusted=True), *earlier, first, *content[1:], Part(self.after, trusted=True))

    def _framed(self, turn: Turn, wording: Wording) -> tuple[Part, ...]:
        answered, next_one = Part(self.after + self.lead, trusted=True), Part(self.between, trusted=True)
        return (Part(_before(turn, wording).lstrip("\n")), answered, Part(turn.answer), next_one)


def content(
    question: Question, passages: Sequence[str], wording: Wording, *, list_options: bool, instruction: str
) -> tuple[Part, ...]:
    """The prompt without a frame. No part is trusted: plain text needs no special tokens."""
    asked = _asked(question, list_options, instruction if wording.instructs else "")
    blocks = [*((wording.passage, passage) for passage in passages), (wording.question, asked)]
    breaks = [wording.opening, *["\n"] * len(passages)]
    parts = [Part(text) for start, (words, said) in zip(breaks, blocks, strict=True) for text in (start + words, said)]
    return (*parts, Part(f"\n{wording.option_cue if question.options else wording.answer_cue}"))


def _asked(question: Question, list_options: bool, instruction: str) -> str:
    options = [f"{option.label}. {option.text}" for option in question.options] if list_options else []
    return "\n".join([question.text, *options, *([instruction] if instruction else [])])


def _before(turn: Turn, wording: Wording) -> str:
    """A question that was asked before."""
    return f"\n{wording.question}{turn.question}\n{wording.answer_cue}"


def _plain(turn: Turn, wording: Wording) -> tuple[Part, ...]:
    return Part(_before(turn, wording)), Part(f" {turn.answer}")
