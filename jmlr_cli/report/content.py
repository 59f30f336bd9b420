"""What a report says: its evaluations and comparisons, and each question with every system's answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jmlr_cli import __version__
from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.report.inputs import Compared, Inputs
from jmlr_cli.report.kept import Evaluation
from jmlr_cli.report.texts import asked_questions, read_passages

SCHEMA = "jmlr.report/1"
WHERE_KNOWN = ("generated", "exact_match", "f1", "gold_rank", "cut_tokens", "error")
"""What an answer tells beside the keys that every answer has, each where there is something to tell."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, None where its text is no longer to be had, with each evaluation's result by its name."""

    id: str
    question: Question | None
    results: Mapping[str, QuestionResult]

    def as_json(self) -> dict[str, Any]:
        question, first = self.question, next(iter(self.results.values()))
        return {
            "id": self.id,
            "subset": first.subset,
            "question": question.text if question else None,
            "options": [{"label": option.label, "text": option.text} for option in question.options] if question else [],
            "right": first.right or (question.answer if question else None),
            "document": question.document if question else None,
            "answers": [_answer(name, result) for name, result in self.results.items()],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows and ``report.json`` holds. ``passages`` are those whose text is known, by id;
    ``notes`` say what is lacking; ``created`` is in ISO 8601."""

    evaluations: tuple[Evaluation, ...]
    comparisons: tuple[Compared, ...]
    questions: tuple[Asked, ...] = field(repr=False)
    passages: Mapping[str, Passage] = field(repr=False)
    notes: tuple[str, ...]
    created: str

    def as_json(self) -> dict[str, Any]:
        """The object that is written as ``report.json``, and that the page holds."""
        return {
            "schema": SCHEMA,
            "created": self.created,
            "jmlr": __version__,
            "notes": list(self.notes),
            "evaluations": [each.record for each in self.evaluations],
            "comparisons": [each.record for each in self.comparisons],
            "passages": {id: {"document": p.document, "title": p.title, "text": p.text} for id, p in self.passages.items()},
            "questions": [asked.as_json() for asked in self.questions],
        }


def make_report(inputs: Inputs) -> Report:
    """The report of evaluations and comparisons, with the texts that are still to be had."""
    ids = list(dict.fromkeys(result.id for each in inputs.evaluations for result in each.results))
    texts, note = asked_questions(inputs.evaluations[0].made_by.questions, len(ids)) if inputs.evaluations else ({}, "")
    passages = read_passages(inputs.evaluations, texts)
    return Report(
        evaluations=inputs.evaluations,
        comparisons=inputs.comparisons,
        questions=tuple(_joined(ids, inputs.evaluations, texts)),
        passages=passages,
        notes=tuple(filter(None, (note, _lacking(inputs.evaluations, passages), _gone(inputs.gone)))),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _joined(ids: Sequence[str], evaluations: Sequence[Evaluation], texts: Mapping[str, Question]) -> Iterable[Asked]:
    """Each question with the results of those evaluations that asked it."""
    results = {each.name: {result.id: result for result in each.results} for each in evaluations}
    for id in ids:
        yield Asked(id, texts.get(id), {name: found[id] for name, found in results.items() if id in found})


def _lacking(evaluations: Iterable[Evaluation], passages: Mapping[str, Passage]) -> str:
    read = {id for each in evaluations for result in each.results for id in result.passages}
    lacking = len(read - passages.keys())
    return f"The text of {lacking} of {len(read)} passages is no longer in the workspace." if lacking else ""


def _gone(names: Sequence[str]) -> str:
    return f"No longer in the workspace, so that their answers are not shown: {', '.join(names)}." if names else ""


def _answer(name: str, result: QuestionResult) -> dict[str, Any]:
    known = {key: getattr(result, key) for key in WHERE_KNOWN}
    return {
        "evaluation": name,
        "answer": result.chosen if result.right is not None else result.generated,
        "correct": result.correct,
        "answer_nll": result.answer_nll,
        "passages": list(reversed(result.passages)),
        **{key: value for key, value in known.items() if value not in (None, "") and (key, value) != ("cut_tokens", 0)},
    }
