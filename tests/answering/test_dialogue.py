"""A conversation: what follow-ups are looked up with, and what is remembered."""

from __future__ import annotations

import pytest

from jmlr_cli.answering.conversation import retrieval_query
from jmlr_cli.answering.dialogue import Dialogue
from jmlr_cli.answering.system import open_system
from jmlr_cli.contracts.values import Turn
from jmlr_cli.errors import InputError


def test_a_follow_up_is_looked_up_after_the_two_questions_before_it():
    turns = [Turn("Scabies?", "x"), Turn("What treats gout?", "Colchicine."), Turn("What is its dose?", "1 mg.")]
    assert retrieval_query("And in children?", turns) == "What treats gout?\nWhat is its dose?\nAnd in children?"
    assert retrieval_query("What treats gout?", []) == "What treats gout?"


def test_earlier_questions_never_make_a_query_long():
    turns = [Turn("old " * 60, ""), Turn("newer " * 60, "")]
    assert retrieval_query("And?", turns) == f"{turns[1].question}\nAnd?"
    assert retrieval_query("word " * 500, turns) == "word " * 500


@pytest.fixture
def dialogue(clinic, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(clinic.folder / ".jmlr"))
    return Dialogue(open_system(None, None, None), k=2, max_new_tokens=8)


def test_a_follow_up_finds_what_it_means_together_with_the_question_before_it(dialogue):
    "".join(dialogue.ask("What is given first in anaphylaxis?"))
    "".join(dialogue.ask("And afterwards?"))
    assert dialogue.hits == dialogue._system.index.search(["What is given first in anaphylaxis?\nAnd afterwards?"], 2)[0]
    assert dialogue.remembered == 2


def test_an_answer_that_is_left_early_is_remembered_as_far_as_it_came(dialogue):
    pieces = dialogue.ask("What treats gout?")
    first = next(pieces)
    pieces.close()
    assert dialogue.remembered == 1
    assert dialogue._turns[0].answer == first.strip()


def test_a_generator_that_takes_no_history_says_so(dialogue, monkeypatch):
    render = dialogue._system.generator.render
    monkeypatch.setattr(
        dialogue._system.generator, "render", lambda question, passages, instruction="": render(question, passages)
    )
    "".join(dialogue.ask("What treats gout?"))
    with pytest.raises(InputError, match="holds no conversations"):
        dialogue.ask("And in children?")


def test_a_new_conversation_remembers_nothing(dialogue):
    "".join(dialogue.ask("What treats gout?"))
    dialogue.begin_anew()
    assert (dialogue.remembered, dialogue.hits, dialogue.cited) == (0, [], ())


def test_turns_that_no_longer_fit_are_forgotten_and_counted(clinic, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(clinic.folder / ".jmlr"))
    small = Dialogue(open_system(None, None, None, ["generator.context=192"]), k=1, max_new_tokens=4)
    forgotten = []
    for _ in range(6):
        "".join(small.ask("Which drug prevents further attacks of gout in those who had several?"))
        forgotten.append(small.forgotten)
    assert sum(forgotten) > 0
    assert small.remembered == 6 - sum(forgotten)
