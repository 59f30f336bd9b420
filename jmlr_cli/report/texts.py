"""The texts behind the ids that an evaluation keeps: its questions, and the passages that were read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from itertools import product
from pathlib import Path

from jmlr_cli.contracts.values import Passage, Question
from jmlr_cli.errors import JmlrError
from jmlr_cli.index.manifest import has_manifest
from jmlr_cli.index.stored import open_passages
from jmlr_cli.questions.digest import questions_digest
from jmlr_cli.questions.folders import SPLITS
from jmlr_cli.questions.load import load_questions
from jmlr_cli.report.kept import AskedSet, Evaluation
from jmlr_cli.workspace import Workspace


def asked_questions(asked: AskedSet, n: int) -> tuple[dict[str, Question], str]:
    """The ``n`` questions that were asked, by id, read again from where they came; and, when they are no longer to be had as
    they were, none and the reason."""
    reasons = []
    for origin, split in product(_origins(asked), reversed(SPLITS)):  # the test split is most often asked
        try:
            found = load_questions(origin, split).questions[:n]
        except JmlrError as error:
            reasons.append(str(error))
            continue
        if questions_digest(found) == asked.sha256:
            return {question.id: question for question in found}, ""
        reasons.insert(0, f"what is in {asked.source or asked.name} now are not the questions that were asked")
    return {}, f"The questions' texts are not shown: {reasons[0]}."


def read_passages(evaluations: Sequence[Evaluation], questions: Mapping[str, Question]) -> dict[str, Passage]:
    """Every passage that an evaluation read and whose text is still there, by id: from the questions that brought it, or from
    the evaluations' indexes. An id is a hash of the content, so that a text found under it is the one that was read."""
    own = {passage.id: passage for question in questions.values() for passage in question.passages}
    wanted = dict.fromkeys(id for each in evaluations for result in each.results for id in result.passages)
    found = {id: own[id] for id in wanted if id in own}
    for folder in dict.fromkeys(folder for each in evaluations for folder in _index_folders(each)):
        found |= _indexed(folder, [id for id in wanted if id not in found])
    return found


def _origins(asked: AskedSet) -> list[str]:
    """The file or folder that the questions came from, and the task's name: a task may leave some of a file's questions out."""
    here = asked.source and Path(asked.source).expanduser().exists()
    return [*([asked.source] if here else []), asked.name]


def _indexed(folder: Path, ids: Sequence[str]) -> dict[str, Passage]:
    """Those of the passages that an index still holds. A damaged index holds none."""
    if ids:
        with suppress(JmlrError, sqlite3.Error), closing(open_passages(folder)) as store:
            return store.found(ids)
    return {}


def _index_folders(evaluation: Evaluation) -> Iterator[Path]:
    """The indexes that an evaluation may have read, the run's own and the named one: where they are still there."""
    at, made_by = Workspace.current(), evaluation.made_by
    folders = [at.run(evaluation.run) / "index"] if evaluation.run else []
    folders += [at.index(made_by.index.name)] if made_by.index else []
    yield from filter(has_manifest, folders)
