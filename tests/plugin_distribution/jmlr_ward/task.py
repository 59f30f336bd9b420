"""Four questions, the same in every split."""

from pathlib import Path

from jmlr_cli.contracts.task import Task
from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.questions.formats import read_questions


class WardRound(Task):
    name = "ward-round"

    def load(self, split):
        file = Path(__file__).with_name(f"{split}.jsonl")
        if not file.is_file():
            raise InputError(f"ward-round has no {split} split", "It has train and test.")
        return QuestionSet(self.name, read_questions(file).questions)
