"""The values that pass between rooms. All are immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType

NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading. ``heading`` is "" before the first one."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document as a reader found it.

    ``id`` is unique in an index: the file's path below the indexed folder, or the record's own id.
    """

    id: str
    title: str
    sections: tuple[Section, ...]
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that is retrieved, read and cited as one.

    ``id`` depends on the document's id, the title and the text alone, so a passage keeps its id (and
    its vectors) as long as its content stays. ``position`` counts from 0 within the document.
    """

    id: str
    document: str
    title: str
    text: str
    position: int
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)

    @property
    def content(self) -> str:
        """What a retriever encodes and a generator reads: the title, then the text."""
        return f"{self.title}\n{self.text}" if self.title else self.text


def passage_id(document: str, title: str, text: str) -> str:
    """The id of a passage with this content: 16 hexadecimal digits."""
    return blake2b("\0".join((document, title, text)).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Match:
    """What a retriever returns: a passage's id and its score, the higher the better."""

    passage_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage. ``rank`` counts from 1."""

    rank: int
    score: float
    passage: Passage


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an option question, for example ``Option("B", "Aspirin")``."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known of its answer.

    An option question has ``options`` and the right one's label in ``answer_label``; a free-text
    question has ``answer``. ``document`` is the id of the document that holds the answer, when
    known. ``passages`` came attached to the question (PubMedQA's abstract, for example).
    ``rationale`` is the reasoning that leads to the answer.
    """

    id: str
    text: str
    options: tuple[Option, ...] = ()
    answer_label: str | None = None
    answer: str | None = None
    document: str | None = None
    passages: tuple[Passage, ...] = ()
    rationale: str | None = None
    subset: str = ""

    @property
    def right_option(self) -> Option | None:
        """The option that ``answer_label`` names."""
        return next((o for o in self.options if o.label == self.answer_label), None)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions read from one place. ``name`` is the task's name or the file's stem, ``split`` which of the place's splits
    they are, "" where that is not known or there is one file."""

    name: str
    questions: tuple[Question, ...]
    source: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """One token of a query, and the passage token that it matched best.

    Each is a stretch ``(start, end)`` of its text, in characters; a token that is no text (a marker, a [MASK]) has an
    empty stretch.
    """

    query: tuple[int, int]
    passage: tuple[int, int]
    similarity: float


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a conversation, and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a prompt. Only a ``trusted`` part may hold the model's special tokens: the template
    is trusted, a passage, a question and an answer are not."""

    text: str
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator reads, and the answer it should give (with its leading space, if any).

    ``tokens`` counts those of the prompt and the room left for its answer, where the generator knows them;
    ``cut_tokens`` the passage tokens that were dropped so that it fits the model's context. ``history`` are the earlier
    turns that it holds.
    """

    parts: tuple[Part, ...]
    answer: str | None = None
    cut_tokens: int = 0
    tokens: int = 0
    history: tuple[Turn, ...] = ()

    @property
    def text(self) -> str:
        """The whole prompt, without the answer."""
        return "".join(part.text for part in self.parts)
