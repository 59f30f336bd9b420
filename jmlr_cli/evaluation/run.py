"""A question set is put to a generator, with the passages that the mode gives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.agreement import with_agreement
from jmlr_cli.evaluation.answers import answer_batch
from jmlr_cli.evaluation.citations import with_citations
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.results import Evaluation
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.sheets import compares_options, writes_answer
from jmlr_cli.evaluation.sources import (
    Draw,
    Gold,
    Retrieve,
    Source,
    closed_sources,
    drawn_sources,
    gold_sources,
    retrieved_sources,
)  # fmt: skip

Batch = Sequence[Question]


def evaluate_questions(
    questions: QuestionSet,
    generator: Generator,
    *,
    mode: Mode = "closed",
    settings: Settings | None = None,
    retrieve: Retrieve | None = None,
    gold: Gold | None = None,
    draw: Draw | None = None,
    done: Sequence[QuestionResult] = (),
    on_result: Callable[[QuestionResult], object] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Answer and score every question, in order, telling ``on_result`` of each as soon as it is known.

    Mode ``closed`` shows no passages, ``rag`` the best ``settings.k`` of what ``retrieve`` finds, ``oracle`` the
    question's own passages or those that ``gold`` returns, ``random`` those that ``draw`` returns. ``done`` holds the results
    of the first questions, in whole batches: they are not put again, and what a batch holds, and so every last digit, stays
    as it was. Raises :class:`InputError` when the questions have no answers, the generator cannot score them as
    ``settings`` want, gold passages lack, or no question fits the model.
    """
    settings, started = settings or Settings(), time.perf_counter()
    check_scorable(questions, generator, settings)
    check_measurable(questions, generator, mode, settings)
    results, total = [*done], len(questions.questions)
    if done:
        progress(len(done), total)
    for batch, sources in _sourced(questions, mode, settings, _Passages(retrieve, gold, draw), len(done)):
        for result in _batch_results(batch, sources, generator, settings):
            results.append(result)
            if on_result:
                on_result(result)
        progress(len(batch), total)
    if all(result.error for result in results):
        what = f"no question of {questions.name} could be put to the model: {results[0].error}"
        raise InputError(what, "Raise generator.context, or choose a model that reads more.")
    return Evaluation(questions.name, mode, settings, tuple(results), time.perf_counter() - started)


def _batch_results(batch: Batch, sources: Sequence[Source], generator: Generator, settings: Settings) -> Sequence[QuestionResult]:
    results = answer_batch(batch, sources, generator, settings)
    if settings.rank_agreement:
        results = with_agreement(results, batch, sources, generator, settings)
    return with_citations(results, batch, sources, generator, settings) if settings.citations else results


def check_scorable(questions: QuestionSet, generator: Generator, settings: Settings) -> None:
    """Raise :class:`InputError` when there is nothing to score, or the generator cannot score it so."""
    every = questions.questions
    if not every:
        raise InputError(f"{questions.name} holds no questions", "Name a question file that does.")
    unanswered = [q.id for q in every if (q.right_option if q.options else q.answer) is None]
    if unanswered:
        what = f"{len(unanswered)} of the {len(every)} questions of {questions.name} have no right answer"
        raise InputError(f"{what}, the first is {unanswered[0]!r}", "Choose a split that has answers.")
    if generator.scores_likelihood:
        return
    silent_model = f"{generator.name} does not tell likelihoods"
    if any(compares_options(question, settings) for question in every):
        raise InputError(f"{silent_model}, by which options would be compared", "Use --scoring generation.")
    if not all(writes_answer(question, settings) for question in every):
        raise InputError(f"{silent_model}, and answers are not to be written", "Let it write answers.")


def check_measurable(questions: QuestionSet, generator: Generator, mode: Mode, settings: Settings) -> None:
    """Raise :class:`InputError` when a measure that the settings want is none of this mode, generator or question set."""
    if settings.rank_agreement and (mode != "rag" or not generator.scores_likelihood):
        raise InputError(
            "rank agreement compares the retriever's order with the language model's likelihoods",
            "It needs mode rag, and a generator that tells likelihoods.",
        )
    written = any(not question.options and writes_answer(question, settings) for question in questions.questions)
    if settings.citations and (mode == "closed" or not written):
        raise InputError(
            "citations are measured of free-text answers that were written from passages",
            "It needs free-text questions, a mode other than closed, and answers that are written (no --no-generate).",
        )


@dataclass(frozen=True, slots=True)
class _Passages:
    """Where each mode's passages come from; None in the modes that are not asked for."""

    retrieve: Retrieve | None
    gold: Gold | None
    draw: Draw | None


def _sourced(
    questions: QuestionSet, mode: Mode, settings: Settings, passages: _Passages, begin: int
) -> Iterator[tuple[Batch, list[Source]]]:
    """The questions from ``begin`` in batches, with what each is answered from."""
    golden = gold_sources(questions, passages.gold, settings.k) if mode == "oracle" else []
    for start in range(begin, len(questions.questions), settings.batch):
        batch = questions.questions[start : start + settings.batch]
        if mode == "oracle":
            yield batch, golden[start : start + settings.batch]
        elif mode == "rag":
            assert passages.retrieve
            yield batch, retrieved_sources(batch, passages.retrieve, settings.k)
        elif mode == "random":
            assert passages.draw
            yield batch, drawn_sources(batch, passages.draw)
        else:
            yield batch, closed_sources(batch)
