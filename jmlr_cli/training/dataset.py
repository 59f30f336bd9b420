"""Training questions with their candidates, as the trainer's dataset."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from torch.utils.data import Dataset

from jmlr_cli.contracts.values import Question
from jmlr_cli.questions.targets import AnswerStyle, target
from jmlr_cli.training.candidates import Candidates
from jmlr_cli.training.joint_step import TrainingItem


class TrainingSet(Dataset):
    """Looks candidates up when a question is asked for, so that a refreshed index counts at once."""

    def __init__(self, questions: Sequence[Question], candidates: Candidates, style: AnswerStyle, seed: int) -> None:
        self._questions = questions
        self._targets = [target(question, style) for question in questions]
        self._candidates = candidates
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._questions)

    def __getitem__(self, position: int) -> TrainingItem:
        question = self._questions[position]
        return TrainingItem(question, self._candidates.of(question), self._targets[position], self._item_seed(question))

    def set_epoch(self, epoch: int) -> None:
        """Draw other candidates in each epoch; the trainer calls this."""
        self._epoch = epoch

    def _item_seed(self, question: Question) -> int:
        key = f"{self._seed}\0{self._epoch}\0{question.id}".encode()
        return int.from_bytes(blake2b(key, digest_size=7).digest())
