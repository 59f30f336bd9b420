"""Training questions as the trainer's dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import torch
from torch.utils.data import Dataset, Sampler

from jmlr_cli.contracts.values import Question
from jmlr_cli.questions.targets import AnswerStyle, target
from jmlr_cli.training.joint_step import TrainingItem


class TrainingSet(Dataset):
    """Questions with what is to be answered. Their candidates are filled in when a step takes them: the loader reads
    ahead, and what it read before the index was refreshed would come from the old one."""

    def __init__(self, questions: Sequence[Question], style: AnswerStyle, seed: int) -> None:
        self.questions = tuple(questions)
        self._targets = [target(question, style) for question in questions]
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.questions)

    def __getitem__(self, position: int) -> TrainingItem:
        question = self.questions[position]
        return TrainingItem(question, (), self._targets[position], self._item_seed(question))

    def set_epoch(self, epoch: int) -> None:
        """Take another order and draw other candidates in each epoch."""
        self.epoch = epoch

    def _item_seed(self, question: Question) -> int:
        return _seed(self.seed, self.epoch, question.id)


class EpochOrder(Sampler[int]):
    """The order of questions in the dataset's present epoch: the same in every process, and hanging on nothing that
    was drawn before."""

    def __init__(self, dataset: TrainingSet) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(_seed(self._dataset.seed, self._dataset.epoch, "order"))
        yield from torch.randperm(len(self), generator=generator).tolist()


def _seed(*parts: object) -> int:
    return int.from_bytes(blake2b("\0".join(map(str, parts)).encode(), digest_size=7).digest())
