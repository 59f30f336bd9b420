"""Training questions as the trainer's dataset."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from torch.utils.data import Dataset

from jmlr_cli.contracts.values import Question
from jmlr_cli.questions.targets import AnswerStyle, target
from jmlr_cli.training.joint_step import TrainingItem


class TrainingSet(Dataset):
    """Questions with what is to be answered. Their candidates are filled in when a step takes them: the loader reads
    ahead, and what it read before the index was refreshed would come from the old one."""

    def __init__(self, questions: Sequence[Question], style: AnswerStyle, seed: int) -> None:
        self.questions = tuple(questions)
        self._targets = [target(question, style) for question in questions]
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self.questions)

    def __getitem__(self, position: int) -> TrainingItem:
        question = self.questions[position]
        return TrainingItem(question, (), self._targets[position], self._item_seed(question))

    def set_epoch(self, epoch: int) -> None:
        """Draw other candidates in each epoch; the trainer calls this."""
        self._epoch = epoch

    def _item_seed(self, question: Question) -> int:
        key = f"{self._seed}\0{self._epoch}\0{question.id}".encode()
        return int.from_bytes(blake2b(key, digest_size=7).digest())
