"""What a task plugin implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from jmlr_cli.contracts.values import QuestionSet


class Task(ABC):
    """A named question set that the field knows, such as MedQA."""

    name: ClassVar[str]
    summary: ClassVar[str] = ""
    sizes: ClassVar[Mapping[str, int]] = {}
    """How many questions a split has, where it is known beforehand; a run can then be planned without the data."""

    @abstractmethod
    def load(self, split: str) -> QuestionSet:
        """The questions of ``train``, ``dev`` or ``test``, fetched from the hub.

        Raises :class:`jmlr_cli.errors.MissingError` when the hub is out of reach."""
