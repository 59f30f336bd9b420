"""A question set is put to a generator, with the passages that the mode gives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.answers import answer_batch, compares_options, writes_answer
from jmlr_cli.evaluation.results import Evaluation, QuestionResult
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.sources import Gold, Retrieve, Source, closed_sources, gold_sources, retrieved_sources

Batch = Sequence[Question]


def evaluate_questions(
    questions: QuestionSet,
    generator: Generator,
    *,
    mode: Mode = "closed",
    settings: Settings | None = None,
    retrieve: Retrieve | None = None,
    gold: Gold | None = None,
    on_result: Callable[[QuestionResult], object] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Answer and score every question, in order, telling ``on_result`` of each as soon as it is known.

    Mode ``closed`` shows no passages, ``rag`` the best ``settings.k`` of what ``retrieve`` finds, ``oracle`` the
    question's own passages or those that ``gold`` returns. Raises :class:`InputError` when the questions have no
    answers, the generator cannot score them as ``settings`` want, gold passages lack, or no question fits the model.
    """
    settings, started = settings or Settings(), time.perf_counter()
    check_scorable(questions, generator, settings)
    results: list[QuestionResult] = []
    for batch, sources in _sourced(questions, mode, settings, retrieve, gold):
        for result in answer_batch(batch, sources, generator, settings):
            results.append(result)
            if on_result:
                on_result(result)
        progress(len(batch), len(questions.questions))
    if all(result.error for result in results):
        what = f"no question of {questions.name} could be put to the model: {results[0].error}"
        raise InputError(what, "Raise generator.context, or choose a model that reads more.")
    return Evaluation(questions.name, mode, settings, tuple(results), time.perf_counter() - started)


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


def _sourced(
    questions: QuestionSet, mode: Mode, settings: Settings, retrieve: Retrieve | None, gold: Gold | None
) -> Iterator[tuple[Batch, list[Source]]]:
    """The questions in batches, with what each is answered from."""
    golden = gold_sources(questions, gold, settings.k) if mode == "oracle" else []
    for start in range(0, len(questions.questions), settings.batch):
        batch = questions.questions[start : start + settings.batch]
        if mode == "oracle":
            yield batch, golden[start : start + settings.batch]
        elif mode == "rag":
            if retrieve is None:
                raise ValueError("mode rag needs retrieve")
            yield batch, retrieved_sources(batch, retrieve, settings.k)
        else:
            yield batch, closed_sources(batch)
