"""What every question set must do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from jmlr_cli.contracts.task import Task
from jmlr_cli.errors import InputError

Create = Callable[[], Task]


class TaskSuite:
    """Inherit it, and say which ``plugin`` is meant, and which ``splits`` it has. ``create`` may put its data in place."""

    plugin: ClassVar[type[Task]]
    splits: ClassVar[tuple[str, ...]] = ("train", "dev", "test")

    @pytest.fixture
    def create(self) -> Create:
        """A new task, whose data can be had without a network."""
        return self.plugin

    def test_it_has_a_name_that_its_questions_carry(self, create: Create) -> None:
        task = create()
        assert task.name.strip()
        assert {task.load(split).name for split in self.splits} == {task.name}

    def test_every_question_can_be_asked_and_told_right_from_wrong(self, create: Create) -> None:
        for split in self.splits:
            questions = create().load(split).questions
            assert questions
            for question in questions:
                assert question.text.strip()
                assert question.right_option if question.options else question.answer, question.id

    def test_ids_and_labels_are_unique(self, create: Create) -> None:
        for split in self.splits:
            questions = create().load(split).questions
            assert len({question.id for question in questions}) == len(questions)
            for question in questions:
                assert len({option.label for option in question.options}) == len(question.options), question.id

    def test_no_question_is_in_two_splits(self, create: Create) -> None:
        seen: dict[object, str] = {}
        for split in self.splits:
            for question in create().load(split).questions:
                asked = (question.text, question.options, tuple(passage.id for passage in question.passages))
                assert seen.setdefault(asked, split) == split, question.id

    def test_sizes_are_those_of_the_splits(self, create: Create) -> None:
        task = create()
        known = {split: len(task.load(split).questions) for split in self.splits if split in task.sizes}
        assert known == {split: size for split, size in task.sizes.items() if split in self.splits}

    def test_loading_twice_gives_the_same(self, create: Create) -> None:
        assert create().load(self.splits[0]) == create().load(self.splits[0])

    def test_a_split_that_it_lacks_is_an_error_that_says_which_there_are(self, create: Create) -> None:
        with pytest.raises(InputError, match="validation-b") as caught:
            create().load("validation-b")
        assert any(split in caught.value.hint for split in self.splits)
