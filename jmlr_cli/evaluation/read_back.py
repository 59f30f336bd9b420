"""An evaluation read back for an audit: a file that `jmlr eval --output` wrote, or one that the workspace keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.kept import Kept, open_evaluation
from jmlr_cli.evaluation.question_result import QuestionResult
from jmlr_cli.evaluation.result_lines import result_of
from jmlr_cli.questions.digest import questions_digest

NEEDED = frozenset({"id", "correct", "answer_nll", "passages"})
HINT = "It must be what `jmlr eval --output FILE` wrote, or the name of a kept evaluation."
SAME_QUESTIONS = "Audit the question set that was evaluated."


@dataclass(frozen=True, slots=True)
class ReadBack:
    """An evaluation's results, and what made it (:func:`jmlr_cli.evaluation.identity.made_by`): None for a file, which does
    not tell."""

    results: list[QuestionResult]
    made_by: dict[str, Any] | None = None


def read_back(evaluation: str, questions: QuestionSet) -> ReadBack:
    """The evaluation in a file or of this name. Raises :class:`InputError` when it cannot be read, is not finished, or is of
    other questions than the first of ``questions``."""
    file = Path(evaluation).expanduser()
    if file.is_file():
        found = read_results(file)
        _check_file(found, questions)
        return ReadBack(found)
    kept = open_evaluation(evaluation)
    _check_kept(kept, questions)
    return ReadBack(kept.results(), kept.record()["made_by"])


def read_results(file: Path) -> list[QuestionResult]:
    """The results in a file of JSON lines. Raises :class:`InputError`, which names the line."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # a JSON text may hold what splitlines takes for an end
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({error})", HINT) from None
    found = [_result(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InputError(f"{file} holds no results", HINT)
    return found


def _result(line: str, place: str) -> QuestionResult:
    try:
        if lacking := NEEDED - json.loads(line).keys():
            raise ValueError(f"no {', '.join(sorted(lacking))}")
        return result_of(line)
    except (ValueError, AttributeError) as error:
        raise InputError(f"{place}: no question's result ({error})", HINT) from None


def _check_file(results: Sequence[QuestionResult], questions: QuestionSet) -> None:
    known = {question.id: question for question in questions.questions}
    for result in results:
        if result.id not in known:
            raise InputError(f"the evaluation has a question {result.id!r}, which is not in {questions.name}", SAME_QUESTIONS)
        if result.right not in (None, known[result.id].answer_label):
            told = f"the evaluation's question {result.id!r} is another one than in {questions.name}"
            raise InputError(f"{told}: its right answer is {result.right!r}", SAME_QUESTIONS)


def _check_kept(kept: Kept, questions: QuestionSet) -> None:
    if not kept.finished:
        raise InputError(
            f"the evaluation {kept.name!r} is not finished: {len(kept.whole_lines())} questions are answered",
            "The `jmlr eval` that began it goes on with it.",
        )
    asked = kept.record()["made_by"]["questions"]
    if questions_digest(questions.questions[: asked["n"]]) != asked["sha256"]:
        raise InputError(f"the evaluation {kept.name!r} is of other questions than those of {questions.name}", SAME_QUESTIONS)
