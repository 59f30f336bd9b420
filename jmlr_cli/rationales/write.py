"""The rationales of a question set are written: those that the questions carry, and those that a generator writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Prompt, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.questions.targets import option_text, target
from jmlr_cli.rationales.document import Rationale
from jmlr_cli.rationales.file import HINT, RationaleFile

TASK = "Explain step by step, in a few sentences, why this is the right answer."
BATCH = 8
"""Questions that a generator answers at a time: as many are lost when it is stopped."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the questions: their rationale was in the file (``kept``), their own (``carried``) or ``generated``; or the
    model wrote nothing (``empty``), the prompt did not fit it (``unfit``), or there was none to write (``lacking``)."""

    kept: int = 0
    carried: int = 0
    generated: int = 0
    empty: int = 0
    unfit: int = 0
    lacking: int = 0


def write_carried(questions: QuestionSet, file: RationaleFile) -> Written:
    """Add the rationales that the questions carry. Raises :class:`InputError` when none does."""
    if not any(question.rationale for question in questions.questions):
        raise InputError(f"no question of {questions.name} carries a rationale", "--generate has a model write them.")
    new, lacking = _without(questions, file)
    _add_carried(questions, new, file)
    return Written(kept=len(questions.questions) - len(new) - len(lacking), carried=len(new), lacking=len(lacking))


def write_generated(
    questions: QuestionSet, file: RationaleFile, generator: Generator, max_new_tokens: int, progress: Progress = silent
) -> Written:
    """Add the rationales that the questions carry, and have ``generator`` write the others.

    Raises :class:`InputError` when a question has no right answer, and when another model wrote what the file holds.
    """
    if file.models - {generator.name}:
        raise InputError(f"the file holds rationales by {', '.join(sorted(file.models))}, not by {generator.name}", HINT)
    new, lacking = _without(questions, file)
    _add_carried(questions, new, file)
    every, generated, unfit = len(questions.questions), 0, 0
    progress(every - len(lacking), every)
    for start in range(0, len(lacking), BATCH):
        batch = lacking[start : start + BATCH]
        prompts = {question.id: prompt for question in batch if (prompt := _prompt(question, generator))}
        texts = dict(zip(prompts, generator.generate([*prompts.values()], max_new_tokens), strict=True))
        for question in batch:
            if text := texts.get(question.id, "").strip():
                file.add(Rationale(question, questions.name, text, generator.name))
                generated += 1
        unfit += len(batch) - len(prompts)
        progress(len(batch), every)
    empty = len(lacking) - unfit - generated
    return Written(every - len(new) - len(lacking), len(new), generated, empty, unfit)


def reasoned_for(question: Question) -> Question:
    """The question that asks a model for the reasoning: the question, its options and the right answer. It has no options of its
    own, so that every generator asks for free text. Raises :class:`InputError` when there is no right answer."""
    options = [option_text(option, "option") for option in question.options]
    text = "\n".join([question.text, *options, f"The right answer is: {target(question, 'option')}", TASK])
    return replace(question, text=text, options=(), answer_label=None, answer=None)


def _without(questions: QuestionSet, file: RationaleFile) -> tuple[list[Question], list[Question]]:
    """The questions that the file lacks: those that carry a rationale, and those that do not."""
    new = [question for question in questions.questions if not file.has(question)]
    return [question for question in new if question.rationale], [question for question in new if not question.rationale]


def _add_carried(questions: QuestionSet, carrying: Sequence[Question], file: RationaleFile) -> None:
    for question in carrying:
        file.add(Rationale(question, questions.name, question.rationale or ""))


def _prompt(question: Question, generator: Generator) -> Prompt | None:
    """What the generator is asked; None when that is longer than it reads."""
    asked = reasoned_for(question)
    try:
        return generator.render(asked, ())
    except InputError:
        return None
