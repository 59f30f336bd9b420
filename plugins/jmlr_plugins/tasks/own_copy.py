"""Question sets that are not public: read from the copy that a user has and saves in the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from jmlr_cli.contracts.task import Task
from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.errors import MissingError
from jmlr_cli.questions.folders import SUFFIXES, read_questions_from
from jmlr_cli.workspace import Workspace


class OwnCopy(Task):
    """A task whose questions the user brings, as ``questions/NAME.jsonl`` in the workspace (or another question file or a
    folder of that name). ``why`` says why they cannot be fetched, ``form`` what such a file may be, and ``suffix`` how its
    name ends."""

    why: ClassVar[str]
    form: ClassVar[str]
    suffix: ClassVar[str] = ".jsonl"

    def load(self, split: str) -> QuestionSet:
        """The questions of the user's file, which are its test split, or of a split of the folder. Raises
        :class:`MissingError` when there is none."""
        place = self._place()
        if split != "test" and not place.is_dir():
            raise MissingError(
                f"{place} is one file, taken for the test split of {self.name}, so that there is no {split} split",
                f"Make {place.parent / self.name} a folder with a file for each split, or name the file itself.",
            )
        return QuestionSet(self.name, tuple(self.selected(read_questions_from(str(place), split).questions)), str(place))

    def selected(self, questions: tuple[Question, ...]) -> list[Question]:
        """Those of the file's questions that belong to the task."""
        return list(questions)

    def _place(self) -> Path:
        home = Workspace.current().questions
        places = [home / self.name, *(home / f"{self.name}{suffix}" for suffix in SUFFIXES)]
        found = next((place for place in places if place.exists()), None)
        if found is None:
            raise MissingError(
                f"{self.why}, and {home} holds no copy of yours", f"Save it as {home / self.name}{self.suffix}: {self.form}"
            )
        return found


class Amboss(OwnCopy):
    """AMBOSS's question bank for the USMLE."""

    name = "amboss"
    summary = "AMBOSS's USMLE questions, from a file of yours"
    why = "AMBOSS's questions are not public"
    form = 'a JSON object a line with "question", "options" ({"A": "…", "B": "…"}) and "answer_idx" ("A").'


class BioASQ(OwnCopy):
    """The yes/no questions of BioASQ's task B (Krithara et al. 2023)."""

    name = "bioasq"
    summary = "BioASQ's yes/no questions, from a file of yours"
    why = "BioASQ hands its questions out to registered users only"
    form = "the file that BioASQ gives (participants-area.bioasq.org), or the benchmark.json of MIRAGE."
    suffix = ".json"

    def selected(self, questions: tuple[Question, ...]) -> list[Question]:
        """The yes/no questions; of MIRAGE's file, which holds other sets too, BioASQ's."""
        own = [question for question in questions if question.subset == self.name] or questions
        return [question for question in own if {option.text.casefold() for option in question.options} == {"yes", "no"}]
