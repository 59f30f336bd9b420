"""What a question wants as its answer, and what a generated text chose."""

from __future__ import annotations

import pytest

from jmlr_cli.contracts.values import Option, Question
from jmlr_cli.errors import InputError
from jmlr_cli.questions.targets import instruction, lists_options, option_targets, read_option, target

OPTIONS = (
    Option("A", "Beta blocker"), Option("B", "Aspirin"), Option("C", "Insulin"),
    Option("D", "Insulin glargine"), Option("E", "C. difficile colitis"),
)  # fmt: skip
ASKED = Question("q1", "Which drug?", OPTIONS, answer_label="B", rationale="It thins the blood.")
FREE = Question("q2", "What is it?", answer="A drug.")


def test_a_target_follows_the_answer_style():
    assert target(ASKED, "option") == "B. Aspirin"
    assert target(ASKED, "letter") == "B"
    assert target(ASKED, "text") == "Aspirin"
    assert target(ASKED, "rationale") == "It thins the blood.\nAnswer: B. Aspirin"


def test_a_question_without_a_rationale_is_answered_with_its_option():
    assert target(Question("q", "?", OPTIONS, answer_label="C"), "rationale") == "C. Insulin"


def test_a_free_text_question_has_the_same_target_in_every_style():
    assert {target(FREE, style) for style in ("option", "letter", "text", "rationale")} == {"A drug."}
    assert instruction(FREE, "option") == ""


def test_every_option_has_a_text_to_score():
    assert option_targets(ASKED, "letter") == ["A", "B", "C", "D", "E"]
    assert option_targets(ASKED, "text")[1] == "Aspirin"
    assert option_targets(ASKED, "rationale")[1] == "B. Aspirin"


def test_only_the_cloze_style_hides_the_options():
    assert [style for style in ("option", "letter", "text", "rationale") if not lists_options(style)] == ["text"]
    assert instruction(ASKED, "text") == ""
    assert instruction(ASKED, "letter") == "Please only give the correct option."


@pytest.mark.parametrize("question", [Question("q7", "?"), Question("q7", "?", OPTIONS), Question("q7", "?", OPTIONS, "F")])
def test_a_question_without_an_answer_is_named_in_the_error(question):
    with pytest.raises(InputError, match="q7"):
        target(question, "option")


@pytest.mark.parametrize(
    ("generated", "label"),
    [
        ("B", "B"),
        (" b ", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("**B**", "B"),
        ("B) because it thins the blood", "B"),
        ("B. Aspirin", "B"),
        ("B Aspirin", "B"),
        ("Aspirin", "B"),
        ("aspirin is given first", "B"),
        ("A", "A"),
        ("A. Beta blocker", "A"),
        ("A beta blocker", "A"),
        ("A drug that thins the blood", None),
        ("A 45-year-old man has chest pain. The answer is C.", "C"),
        ("The answer is B.", "B"),
        ("The correct answer is: (D)", "D"),
        ("**Answer:** B", "B"),
        ("Answer: B. Aspirin", "B"),
        ("Answer: A", "A"),
        ("The answer is A because it slows the heart", "A"),
        ("The answer is a long story", None),
        ("The answer is A long story", None),
        ("The answer to this question is option D", "D"),
        ("The best option is B", "B"),
        ("First I thought the answer is A. But no: the answer is B.", "B"),
        ("The answer is B. Option A is wrong because it slows the heart.", "B"),
        ("The answer is C. difficile colitis", "E"),
        ("C. difficile colitis is likely", "E"),
        ("I would go for option D here", "D"),
        ("I would choose (D) here", "D"),
        ("Give insulin glargine at night", "D"),
        ("Give insulin at night", "C"),
        ("Give insulin, or aspirin", None),
        ("D-dimer should be measured", None),
        ("Because B cells are involved", None),
        ("", None),
        ("None of these", None),
    ],
)
def test_the_chosen_option_is_read_from_what_was_generated(generated, label):
    assert read_option(generated, ASKED) == label


@pytest.mark.parametrize(
    ("generated", "label"),
    [
        ("C. difficile", None),
        ("C. difficile infection is most likely.", None),
        ("The answer is E. coli.", None),
        ("The answer is A. fumigatus", None),
        ("B. pertussis is the cause", None),
        ("The answer is D-dimer.", None),
        ("The answer is B. because it fits", "B"),
        ("C. It is the commonest", "C"),
        ("C. norovirus", "C"),
        ("Answer: B.", "B"),
    ],
)
def test_the_letter_of_a_genus_is_no_label(generated, label):
    names = ("Clostridioides difficile", "Staphylococcus aureus", "Norovirus", "Rotavirus", "Shigella")
    asked = Question("q", "?", tuple(Option(each, name) for each, name in zip("ABCDE", names, strict=True)), "A")
    assert read_option(generated, asked) == label


def test_labels_may_be_words_or_numbers():
    question = Question("q", "?", (Option("1", "yes"), Option("10", "no"), Option("2", "maybe")), answer_label="1")
    assert read_option("Answer: 10", question) == "10"
    assert read_option("maybe", question) == "2"
    assert read_option("the answer is yes", question) == "1"


def test_a_free_text_answer_chooses_no_option():
    assert read_option("A", FREE) is None
