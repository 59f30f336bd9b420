"""A question set is put to a generator, with the passages that the mode gives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.agreement import with_agreement
from jmlr_cli.evaluation.answers import answer_batch
from jmlr_cli.evaluation.checks import check_measurable, check_scorable
from jmlr_cli.evaluation.citations import with_citations
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.results import Evaluation
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.sources import Draw, Gold, PassageSources, Retrieve, Source, gold_sources

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
    rank: Retrieve | None = None,
    done: Sequence[QuestionResult] = (),
    on_result: Callable[[QuestionResult], object] | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Answer and score every question, in order, telling ``on_result`` of each as soon as it is known.

    Mode ``closed`` shows no passages, ``rag`` the best ``settings.k`` of what ``retrieve`` finds, ``oracle`` the
    question's own passages or those that ``gold`` returns, ``random`` those that ``draw`` returns. ``rank`` gives the passages
    over which rank agreement is measured, in the retriever's order; without it these are the retrieved ones. ``done`` holds the
    results of the first questions, in whole batches: they are not put again, and what a batch holds, and so every last digit,
    stays as it was. Raises :class:`InputError` when the questions have no answers, the generator cannot score them as
    ``settings`` want, gold passages lack, or no question fits the model.
    """
    settings, started = settings or Settings(), time.perf_counter()
    check_scorable(questions, generator, settings)
    check_measurable(questions, generator, mode, settings)
    results, total = [*done], len(questions.questions)
    if done:
        progress(len(done), total)
    for batch, sources in _sourced(questions, mode, settings, PassageSources(retrieve, gold, draw), len(done)):
        for result in _batch_results(batch, sources, generator, settings, rank):
            results.append(result)
            if on_result:
                on_result(result)
        progress(len(batch), total)
    if all(result.error for result in results):
        what = f"no question of {questions.name} could be put to the model: {results[0].error}"
        raise InputError(what, "Raise generator.context, or choose a model that reads more.")
    return Evaluation(questions.name, mode, settings, tuple(results), time.perf_counter() - started)


def _batch_results(
    batch: Batch, sources: Sequence[Source], generator: Generator, settings: Settings, rank: Retrieve | None
) -> Sequence[QuestionResult]:
    results = answer_batch(batch, sources, generator, settings)
    if settings.rank_agreement:
        ranked = rank(batch) if rank else [source.hits for source in sources]
        results = with_agreement(results, batch, ranked, generator, settings)
    return with_citations(results, batch, sources, generator, settings) if settings.citations else results


def _sourced(
    questions: QuestionSet, mode: Mode, settings: Settings, known: PassageSources, begin: int
) -> Iterator[tuple[Batch, list[Source]]]:
    """The questions from ``begin`` in batches, with what each is answered from."""
    golden = gold_sources(questions, known.gold, settings.k) if mode == "oracle" else []
    for start in range(begin, len(questions.questions), settings.batch):
        batch = questions.questions[start : start + settings.batch]
        yield batch, golden[start : start + settings.batch] if mode == "oracle" else known.of(batch, mode, settings.k)
