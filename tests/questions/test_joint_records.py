"""The records of the paper's published code: input, output, doc."""

from __future__ import annotations

import json

import pytest

from jmlr_cli.contracts.values import Option


def one(read, text, answer, doc=None):
    [question] = read([{"input": text, "output": answer, "doc": doc}])
    return question


def test_the_attached_documents_become_passages_in_their_order(read):
    question = one(read, "What is it?", "A cold.", ["First passage.", " ", "Second passage."])
    assert (question.text, question.answer) == ("What is it?", "A cold.")
    assert [(passage.text, passage.position) for passage in question.passages] == [("First passage.", 0), ("Second passage.", 1)]


def test_one_string_of_documents_is_separated_where_it_says_reference(read):
    question = one(read, "What?", "That.", "Reference:\nFirst.\nReference:\nSecond,\n\nstill second.")
    assert [passage.text for passage in question.passages] == ["First.", "Second,\n\nstill second."]
    assert [passage.text for passage in one(read, "What?", "That.", "One text.").passages] == ["One text."]


def test_a_json_list_is_read_too(read):
    [question] = read(json.dumps([{"input": "What?", "output": "That.", "doc": []}]))
    assert (question.id, question.answer, question.passages) == ("1", "That.", ())


@pytest.mark.parametrize(
    "text",
    [
        "Which thins blood?\nA\nIron\nB\nAspirin\nC\nZinc",
        "Which thins blood?\nA. Iron\nB. Aspirin\nC. Zinc",
        "Which thins blood? A. Iron B. Aspirin C. Zinc",
        "Which thins blood? (A) Iron (B) Aspirin (C) Zinc",
        "Which thins blood?\nA) Iron\nB) Aspirin\nC) Zinc",
    ],
)
@pytest.mark.parametrize(
    "answer", ["B", "B.", "(B)", "B. Aspirin", "B\nAspirin", "aspirin", "Correct Answer: B", "The answer is B."]
)
def test_options_clearly_marked_inside_the_question_are_taken_out(read, text, answer):
    question = one(read, text, answer)
    assert question.text == "Which thins blood?"
    assert question.options == (Option("A", "Iron"), Option("B", "Aspirin"), Option("C", "Zinc"))
    assert question.answer_label == "B"


def test_reasoning_before_the_answer_is_the_rationale(read):
    question = one(read, "Which?\nA. Iron\nB. Aspirin", "It stops platelets.\nThe correct answer is B. Aspirin")
    assert (question.answer_label, question.rationale) == ("B", "It stops platelets.")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("A man with hepatitis B. Which? A. Iron B. Aspirin", "B"),  # a marker before the options
        ("Which? A Iron B Aspirin", "B"),  # letters that no sign sets apart
        ("Which? A. Iron B. Aspirin", "C"),  # an answer that is none of them
        ("Which? A. Iron B. Aspirin", "B. Zinc"),  # an answer that contradicts them
        ("Which? A. Iron C. Aspirin", "A"),  # a gap
        ("He lacks vitamin A. Why?", "A"),  # one marker alone
    ],
)
def test_a_question_whose_options_are_not_sure_stays_free_text(read, text, answer):
    question = one(read, text, answer)
    assert (question.text, question.answer, question.options) == (text, answer, ())
