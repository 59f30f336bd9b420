"""What cannot be measured is said before anything is."""

from __future__ import annotations

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.settings import Mode, Settings
from jmlr_cli.evaluation.sheets import compares_options, writes_answer


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
    if settings.rank_agreement_index and not settings.rank_agreement:
        raise InputError(
            "evaluation.rank_agreement_index finds the passages of a measure that is not taken", "Add --rank-agreement N."
        )
    written = any(not question.options and writes_answer(question, settings) for question in questions.questions)
    if settings.citations and (mode == "closed" or not written):
        raise InputError(
            "citations are measured of free-text answers that were written from passages",
            "It needs free-text questions, a mode other than closed, and answers that are written (no --no-generate).",
        )
