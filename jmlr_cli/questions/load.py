"""A question set by the name that a recipe or a command gives: a file, a folder or a task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.plugins import registry
from jmlr_cli.questions.folders import read_questions_from


def load_questions(source: str, split: str) -> QuestionSet:
    """The questions of ``source`` for ``split`` (train, dev or test): a file or folder that exists, otherwise a task.

    A single file is read whole, whatever the split. Raises :class:`InputError` when ``source`` is neither,
    and :class:`MissingError` when a task's data cannot be fetched.
    """
    if Path(source).expanduser().exists():
        return read_questions_from(source, split)
    tasks = registry().names("task")
    if source in tasks:
        return registry().get("task", source)().load(split)
    hint = f"Name a question file, a folder of them, or a task: {', '.join(tasks)}."
    raise InputError(f"{source!r} is neither a file or folder here nor a task", hint)


def chosen_questions(source: str, split: str | None, limit: int | None = None) -> QuestionSet:
    """What a command that measures is asked with: the first ``limit`` questions of a split, by default of test.

    Raises :class:`UsageError` when a split of a single file is named, and what :func:`load_questions` raises.
    """
    chosen = split or "test"
    found = load_questions(source, chosen)
    alone = Path(source).expanduser().is_file()
    if split and alone:
        raise UsageError(f"--split {split} chooses in a folder or a task, and {source} is one file", "Leave it out.")
    return replace(found, questions=found.questions[:limit], split="" if alone else chosen)
