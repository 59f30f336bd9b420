"""Rationales become documents that an index takes, each question once, whatever happens on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from jmlr_cli.assemble import make_generator
from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Option, Part, Passage, Prompt, Question, QuestionSet
from jmlr_cli.corpus.folder import CorpusReader
from jmlr_cli.corpus.passages import split_document
from jmlr_cli.errors import InputError
from jmlr_cli.leakage.marks import is_marked
from jmlr_cli.rationales.file import open_rationales
from jmlr_cli.rationales.write import Written, reasoned_for, write_carried, write_generated

OPTIONS = (Option("A", "Permethrin"), Option("B", "Colchicine"))
CARRYING = Question("q1", "What treats gout?", OPTIONS, "B", rationale="Gout is an arthritis.\nColchicine calms it.")
LACKING = tuple(Question(f"q{n}", f"What treats illness {n}?", OPTIONS, "A") for n in range(2, 21))
QUESTIONS = QuestionSet("cases", (CARRYING, *LACKING))


class Parrot(Generator):
    """A generator that answers with the question's first line; it stops after so many questions, if told."""

    def __init__(self, stops_after: int | None = None, name: str = "parrot") -> None:
        super().__init__(GeneratorConfig(plugin="parrot"))
        self._name, self.left, self.asked = name, stops_after, []

    @property
    def name(self) -> str:
        return self._name

    def render(self, question, passages, answer=None, *, list_options=True, instruction="") -> Prompt:
        if "illness 7?" in question.text:
            raise InputError("too long")
        return Prompt((Part(question.text),))

    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        if self.left is not None:
            self.left -= len(prompts)
            if self.left < 0:
                raise KeyboardInterrupt
        self.asked += [prompt.text.splitlines()[0] for prompt in prompts]
        return ["" if "illness 9?" in prompt.text else f"Because of {prompt.text.splitlines()[0]}" for prompt in prompts]

    def stream(self, prompt: Prompt, max_new_tokens: int):
        yield from self.generate([prompt], max_new_tokens)


def records(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def passages_of(file: Path) -> list[Passage]:
    """What `jmlr index` makes of the file."""
    return [passage for document in CorpusReader([file]).documents() for passage in split_document(document)]


def test_a_carried_rationale_becomes_a_passage_that_knows_its_question(tmp_path):
    file = tmp_path / "rationales.jsonl"
    with open_rationales(file) as opened:
        done = write_carried(QUESTIONS, opened)
    assert done == Written(carried=1, lacking=19)
    (passage,) = passages_of(file)
    assert passage.text == CARRYING.rationale
    assert passage.document == "rationale/cases/q1"
    assert passage.metadata["questions"] == "cases"
    assert is_marked(CARRYING, passage)
    assert not is_marked(Question("q1", "Another question of the same id?"), passage)


def test_the_model_sees_the_question_its_options_and_the_right_answer():
    text = reasoned_for(CARRYING).text
    assert text.startswith("What treats gout?\nA. Permethrin\nB. Colchicine\nThe right answer is: B. Colchicine\n")
    assert "calms" not in text
    assert reasoned_for(Question("f", "Why?", answer="Uric acid.")).text.startswith("Why?\nThe right answer is: Uric acid.\n")
    with pytest.raises(InputError, match="has no answer"):
        reasoned_for(Question("n", "Why?"))


def test_what_is_lacking_is_generated_and_each_question_told_of(tmp_path):
    file, parrot = tmp_path / "rationales.jsonl", Parrot()
    with open_rationales(file) as opened:
        done = write_generated(QUESTIONS, opened, parrot, 50)
    assert done == Written(carried=1, generated=17, empty=1, unfit=1)
    written = records(file)
    assert [record["question"] for record in written] == [f"q{n}" for n in range(1, 21) if n not in (7, 9)]
    assert "written_by" not in written[0]
    assert written[1]["written_by"] == "parrot"
    assert written[1]["text"] == "Because of What treats illness 2?"


def test_an_interrupted_call_goes_on_and_asks_no_question_twice(tmp_path):
    file, first, second = tmp_path / "rationales.jsonl", Parrot(stops_after=10), Parrot()
    with pytest.raises(KeyboardInterrupt), open_rationales(file) as opened:
        write_generated(QUESTIONS, opened, first, 50)
    with open_rationales(file) as opened:
        done = write_generated(QUESTIONS, opened, second, 50)
    assert len(first.asked) > 0
    assert not set(first.asked) & set(second.asked) - {"What treats illness 9?"}  # what came to nothing is tried again
    assert done.kept == len(first.asked)  # one was carried, one came to nothing
    assert len({record["question"] for record in records(file)}) == len(records(file)) == 18


def test_a_line_that_was_cut_off_is_written_again(tmp_path):
    file = tmp_path / "rationales.jsonl"
    with open_rationales(file) as opened:
        write_generated(QUESTIONS, opened, Parrot(), 50)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - 25])
    with open_rationales(file) as opened:
        write_generated(QUESTIONS, opened, Parrot(), 50)
    assert file.read_bytes() == whole


def test_another_model_does_not_add_to_the_file(tmp_path):
    file = tmp_path / "rationales.jsonl"
    with open_rationales(file) as opened:
        write_generated(QUESTIONS, opened, Parrot(), 50)
    with pytest.raises(InputError, match="by parrot, not by owl"), open_rationales(file) as opened:
        write_generated(QUESTIONS, opened, Parrot(name="owl"), 50)


@pytest.mark.parametrize("content", ["hello\n", '{"_id": "1", "text": "a document"}\n', "[1]\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path, content):
    file = tmp_path / "corpus.jsonl"
    file.write_text(content)
    with pytest.raises(InputError, match="line 1 holds no rationale"), open_rationales(file):
        pass
    assert file.read_text() == content


def test_two_processes_do_not_write_one_file(tmp_path):
    with (
        open_rationales(tmp_path / "r.jsonl"),
        pytest.raises(InputError, match="another process"),
        open_rationales(tmp_path / "r.jsonl"),
    ):
        pass


def test_nothing_to_write_leaves_no_file_behind(tmp_path):
    with pytest.raises(InputError, match="no question of none carries"), open_rationales(tmp_path / "r.jsonl") as opened:
        write_carried(QuestionSet("none", LACKING), opened)
    assert not (tmp_path / "r.jsonl").exists()


def test_a_real_model_writes_them(tmp_path, decoder):
    generator = make_generator(GeneratorConfig(plugin="causal-lm", model=str(decoder), dtype="float32"))
    with open_rationales(tmp_path / "r.jsonl") as opened:
        done = write_generated(QuestionSet("cases", LACKING[:3]), opened, generator, 8)
    assert done.generated + done.empty == 3
    assert {record["written_by"] for record in records(tmp_path / "r.jsonl")} <= {generator.name}
