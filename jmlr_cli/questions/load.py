"""A question set by the name that a recipe or a command gives: a file, a folder or a task."""

from __future__ import annotations

from pathlib import Path

from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
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
