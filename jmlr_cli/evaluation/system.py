"""A system, made of a run or a recipe, is put to the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jmlr_cli.answering.citations import content_words
from jmlr_cli.answering.system import System, find_index
from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Hit, Passage, Question, QuestionSet
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.results import Evaluation
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import DEPTH, Mode, Settings
from jmlr_cli.evaluation.sources import Draw, Gold, Retrieve, drawn
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.index.rerank import rerank
from jmlr_cli.recipe.schema import Recipe


def evaluate_system(
    system: System,
    questions: QuestionSet,
    mode: Mode,
    settings: Settings,
    on_result: Callable[[QuestionResult], object] | None = None,
    progress: Progress = silent,
    done: Sequence[QuestionResult] = (),
) -> Evaluation:
    """Put ``questions`` to a system. In mode ``rag`` questions that all bring their own passages have those
    re-ranked, unless an index or a filter was named; others have the index searched. ``done`` holds the results that are
    known already, of the first questions."""
    own = brings_passages(system, questions)
    depth = max(settings.k, DEPTH, settings.rank_agreement or 0)
    retrieve = (reranked(system) if own else searched(system.index, depth)) if mode == "rag" else None
    gold = gold_passages(system.index, settings.k) if mode == "oracle" and not own else None
    draw = random_passages(system.index, settings.k, settings.seed) if mode == "random" else None
    rank = ranked_anew(system, settings) if settings.rank_agreement_index else None
    return evaluate_questions(
        questions,
        system.generator,
        mode=mode,
        settings=settings,
        retrieve=retrieve,
        gold=gold,
        draw=draw,
        rank=rank,
        done=done,
        on_result=on_result,
        progress=progress,
    )


def settings_of(recipe: Recipe, k: int | None = None, generate: bool = True) -> Settings:
    """How a recipe wants its questions scored. ``k`` overrides how many passages a prompt holds."""
    evaluation = recipe.evaluation
    return Settings(
        k=k or recipe.candidates.read or 1,
        scoring=evaluation.scoring,
        normalise=evaluation.normalise,
        answer_style=recipe.data.answer_style,
        max_new_tokens=evaluation.max_new_tokens,
        generate=generate,
        batch=evaluation.batch_size,
        seed=evaluation.seed,
        rank_agreement=evaluation.rank_agreement,
        rank_agreement_index=evaluation.rank_agreement_index,
        citations=evaluation.citations,
    )


def searched(index: Index, depth: int) -> Retrieve:
    """Finds the ``depth`` best passages in an index."""

    def retrieve(questions: Sequence[Question]) -> list[list[Hit]]:
        return index.search([question.text for question in questions], depth)

    return retrieve


def reranked(system: System) -> Retrieve:
    """Ranks the passages that each question brings."""
    retriever = make_retriever(system.retriever_config)

    def retrieve(questions: Sequence[Question]) -> list[list[Hit]]:
        return [rerank(retriever, question.text, question.passages) for question in questions]

    return retrieve


def ranked_anew(system: System, settings: Settings) -> Retrieve:
    """Ranks the passages that ``settings.rank_agreement_index`` finds, which are the same for every system."""
    index = open_index(find_index(settings.rank_agreement_index), make_retriever).within(system.filters)
    found, retriever = searched(index, settings.rank_agreement or 0), make_retriever(system.retriever_config)

    def retrieve(questions: Sequence[Question]) -> list[list[Hit]]:
        pools = zip(questions, found(questions), strict=True)
        return [rerank(retriever, question.text, [hit.passage for hit in each]) for question, each in pools]

    return retrieve


def gold_passages(index: Index, k: int) -> Gold:
    """The ``k`` passages of a question's gold document that hold most of the answer's words. Where no gold document is
    known or indexed, those found by searching with the right answer beside the question: not gold, yet the
    best that an index can give to somebody who knows the answer."""

    def gold(question: Question) -> list[Passage]:
        passages = index.of_document(question.document or "")
        if passages:
            wanted = content_words(f"{question.text} {_answer(question)}")
            return sorted(passages, key=lambda passage: -len(wanted & content_words(passage.content)))[:k]
        return [hit.passage for hit in index.search([f"{question.text} {_answer(question)}"], k)[0]]

    return gold


def random_passages(index: Index, k: int, seed: int) -> Draw:
    """``k`` of the index's passages for each question: of those behind its filters, where it has some."""
    ids = sorted(index.only) if index.only is not None else index.passages.ids()

    def draw(question: Question) -> list[Passage]:
        return index.passages.get(drawn(ids, k, seed, question.id))

    return draw


def gold_kinds(questions: QuestionSet, index: Index | None) -> dict[str, int]:
    """Where the oracle's passages come from, counted in questions: their ``own``, their gold ``document``, or an
    ``answer_search``. Without an index every question brings its own."""
    every = questions.questions
    own = sum(bool(question.passages) for question in every)
    known = sum(bool(index and q.document and index.of_document(q.document)) for q in every if not q.passages)
    return {"own": own, "document": known, "answer_search": len(every) - own - known}


def brings_passages(system: System, questions: QuestionSet) -> bool:
    """Whether the questions' own passages are read: each has some, and neither an index nor a filter on one was named."""
    return system.index_name is None and not system.where and all(question.passages for question in questions.questions)


def _answer(question: Question) -> str:
    right = question.right_option
    return right.text if right else question.answer or ""
