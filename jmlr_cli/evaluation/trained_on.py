"""The questions that a run was trained on, or that another one may be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.plugins import registry
from jmlr_cli.questions.digest import questions_digest
from jmlr_cli.questions.load import load_questions
from jmlr_cli.runs.find import open_run, run_names
from jmlr_cli.runs.run import Run


def training_questions(source: str) -> QuestionSet:
    """The questions of a file, a folder or a task's split ``train``; or those that a run was trained on.

    Raises :class:`InputError` when ``source`` is none of these, and when a run's questions are not what they were.
    """
    if Path(source).expanduser().exists() or source in registry().names("task"):
        return load_questions(source, "train")
    if source != "latest" and source not in run_names():
        raise InputError(
            f"{source!r} is no question file or folder, no task and no run",
            "`jmlr runs` lists the runs; a question file is named by its path.",
        )
    run = open_run(source)
    if run.recipe.data.train is None:
        raise InputError(f"the run {run.name!r} does not say what it was trained on", "Name its question file with --train.")
    found = load_questions(run.recipe.data.train, "train")
    learned = found.questions[: run.recipe.data.limit]
    if learned_by(run) not in (None, questions_digest(learned)):
        raise InputError(
            f"the questions in {run.recipe.data.train} are not those that the run {run.name!r} was trained on",
            "Put them back, or name a file that holds them with --train.",
        )
    return replace(found, name=f"{found.name} of {run.name}", questions=learned)


def learned_by(run: Run) -> str | None:
    """The digest of the questions that a run was trained on; None where its record does not tell."""
    return run.record().get("material", {}).get("questions")
