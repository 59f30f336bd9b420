"""Which passages were written from a question, as they say themselves."""

from __future__ import annotations

from hashlib import blake2b

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.leakage.words import words

QUESTION, DIGEST = "question", "question_digest"
"""Keys of a document's metadata: the id of the question that it was written from, and a digest of that question's words."""


def mark(question: Question) -> dict[str, str]:
    """The metadata by which a document says that it was written from ``question``."""
    return {QUESTION: question.id, DIGEST: digest(question)}


def digest(question: Question) -> str:
    """16 hexadecimal digits that hang on the question's words alone: ids such as line numbers are those of many questions."""
    return blake2b(" ".join(words(question.text)).encode(), digest_size=8).hexdigest()


def is_named(question: Question, passage: Passage) -> bool:
    """Whether a passage's document is named after the question: its own id, or its metadata ``question``, is the question's."""
    return question.id in (passage.document, passage.metadata.get(QUESTION))


def is_marked(question: Question, passage: Passage) -> bool:
    """Whether a passage's document says that it was written from the question: by the digest of the question's words where it
    has one, otherwise by name."""
    told = passage.metadata.get(DIGEST)
    return told == digest(question) if told else is_named(question, passage)


def is_gold(question: Question, passage: Passage) -> bool:
    """Whether a passage belongs to the document that holds the answer by right."""
    return question.document is not None and passage.document == question.document
