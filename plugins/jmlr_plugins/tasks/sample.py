"""The questions that ship with jmlr, each answered by a page of its sample guidelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from jmlr_cli.contracts.task import Task
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.sample import QUESTIONS


class Sample(Task):
    """Four-option questions, split by document. A sample for software, not for care."""

    name = "sample"
    sizes: ClassVar[Mapping[str, int]] = {"train": 200, "dev": 40, "test": 120}

    def load(self, split: str) -> QuestionSet:
        if split not in self.sizes:
            raise InputError(f"the sample has no {split} split", f"It has {', '.join(self.sizes)}.")
        return QuestionSet(self.name, read_questions(QUESTIONS / f"{split}.jsonl").questions, "jmlr's own sample")
