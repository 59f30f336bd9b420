"""The published prompt: the passages, then the question, then the cue for an answer.

The paper's code uses one wording in training and another at inference; this is one template for both.
A model family puts its :class:`Frame` around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jmlr_cli.contracts.values import Part, Question, Turn

REFERENCE = "\nReference:\n"
QUESTION = "\nQuestion:\n"
ANSWER = "\nAnswer:"
STOPS = (REFERENCE.rstrip("\n"), QUESTION.rstrip("\n"))


@dataclass(frozen=True, slots=True)
class Frame:
    """What a model family puts around the content. An empty frame leaves plain text.

    ``lead`` stands between the prompt and the answer and belongs to the answer. ``end`` is the special
    token that closes an answer; "" means the tokenizer's own end of text. Where the model writes one
    of ``stops``, its answer is over. ``between`` stands between an earlier answer and the next question.
    """

    before: str = ""
    after: str = ""
    lead: str = " "
    end: str = ""
    stops: tuple[str, ...] = STOPS
    between: str = ""

    def around(self, content: tuple[Part, ...], history: Sequence[Turn] = ()) -> tuple[Part, ...]:
        """The whole prompt, earlier turns first. A framed one begins with a trusted part: it brings its own beginning of text."""
        if not (self.before or self.after):
            return (*(part for turn in history for part in _plain(turn)), *content)
        earlier = [part for turn in history for part in self._framed(turn)]
        first = replace(content[0], text=content[0].text.lstrip("\n"))
        return (Part(self.before, trusted=True), *earlier, first, *content[1:], Part(self.after, trusted=True))

    def _framed(self, turn: Turn) -> tuple[Part, ...]:
        answered, next_one = Part(self.after + self.lead, trusted=True), Part(self.between, trusted=True)
        return (Part(f"{QUESTION}{turn.question}{ANSWER}".lstrip("\n")), answered, Part(turn.answer), next_one)


def content(question: Question, passages: Sequence[str], *, list_options: bool, instruction: str) -> tuple[Part, ...]:
    """The prompt without a frame. No part is trusted: plain text needs no special tokens."""
    references = [Part(text) for passage in passages for text in (REFERENCE, passage)]
    return (*references, Part(QUESTION), Part(_asked(question, list_options, instruction)), Part(_cue(question)))


def _asked(question: Question, list_options: bool, instruction: str) -> str:
    options = [f"{option.label}. {option.text}" for option in question.options] if list_options else []
    return "\n".join([question.text, *options, *([instruction] if instruction else [])])


def _cue(question: Question) -> str:
    return "\nCorrect Answer:" if question.options else ANSWER


def _plain(turn: Turn) -> tuple[Part, ...]:
    return Part(QUESTION), Part(turn.question), Part(ANSWER), Part(f" {turn.answer}")
