"""Questions that come with the package: one file of JSON lines a split."""

from __future__ import annotations

from pathlib import Path

from jmlr_cli.contracts.task import Task
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.questions.formats import read_questions

HERE = Path(__file__).parent


class ExampleTask(Task):
    """Put your own questions into train.jsonl and test.jsonl beside this file."""

    name = "example-task"

    def load(self, split: str) -> QuestionSet:
        file = HERE / f"{split}.jsonl"
        if not file.is_file():
            raise InputError(f"{self.name} has no {split} split", f"It has {', '.join(splits())}.")
        return QuestionSet(self.name, read_questions(file).questions, file.name)


def splits() -> list[str]:
    """The splits that there are files of."""
    return sorted(path.stem for path in HERE.glob("*.jsonl"))
