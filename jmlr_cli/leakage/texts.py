"""The texts that questions are looked for in: an index's passages, a training set's questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from jmlr_cli.contracts.values import Passage, Question, QuestionSet
from jmlr_cli.index.passages import PassageStore

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Text:
    """A text that may hold a question. ``passage`` is None for a training question, which is found by its ``id`` alone."""

    id: str
    content: str
    passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one ``source``, "index" or "training", ``count`` of them: all as a stream, and some by their ids."""

    source: str
    name: str
    count: int
    every: Callable[[], Iterator[Text]]
    some: Callable[[Sequence[str]], Iterator[Text]]


def passage_texts(store: PassageStore, name: str) -> Texts:
    """The passages of the index called ``name``."""

    def some(ids: Sequence[str]) -> Iterator[Text]:
        for start in range(0, len(ids), AT_ONCE):
            yield from map(_of_passage, store.get(ids[start : start + AT_ONCE]))

    return Texts("index", name, len(store), lambda: map(_of_passage, store), some)


def training_texts(questions: QuestionSet) -> Texts:
    """The questions of a training set, each with its options, its answer and its rationale: all that a model learns from."""
    by_id = {question.id: question for question in questions.questions}
    return Texts(
        "training",
        questions.name,
        len(by_id),
        lambda: map(_of_question, by_id.values()),
        lambda ids: (_of_question(by_id[id]) for id in ids),
    )


def _of_passage(passage: Passage) -> Text:
    return Text(passage.id, passage.content, passage)


def _of_question(question: Question) -> Text:
    options: Iterable[str] = (option.text for option in question.options)
    return Text(question.id, "\n".join([question.text, *options, question.answer or "", question.rationale or ""]))
