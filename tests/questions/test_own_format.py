"""The project's own records, and MedQA's, which have the same fields."""

from __future__ import annotations

import pytest

from jmlr_cli.contracts.values import Option
from jmlr_cli.errors import InputError
from jmlr_cli.questions.formats import read_questions

ASPIRIN = {"question": "What thins blood?", "options": {"A": "Iron", "B": "Aspirin"}, "answer_idx": "B"}
OPTIONS = (Option("A", "Iron"), Option("B", "Aspirin"))


def test_an_option_question_has_its_options_and_the_right_label(read):
    [question] = read([ASPIRIN])
    assert question.text == "What thins blood?"
    assert question.options == OPTIONS
    assert question.right_option == Option("B", "Aspirin")
    assert question.answer is None


def test_a_free_text_question_keeps_its_id_document_and_rationale(read):
    [question] = read(
        [{"id": "q7", "question": "Why?", "answer": "So.", "document": "a/b.md", "rationale": "Because.", "url": "x"}]
    )
    assert (question.id, question.answer, question.document, question.rationale) == ("q7", "So.", "a/b.md", "Because.")
    assert question.options == ()


def test_medqas_own_record_has_its_step_as_subset(read):
    record = {**ASPIRIN, "answer": "Aspirin", "meta_info": "step1", "metamap_phrases": ["blood"]}
    [question] = read([record])
    assert (question.answer_label, question.subset) == ("B", "step1")


@pytest.mark.parametrize(
    ("options", "right"),
    [
        (["Iron", "Aspirin"], {"answer_idx": "B"}),
        (["Iron", "Aspirin"], {"answer_idx": 1}),
        (["Iron", "Aspirin"], {"answer_idx": "b"}),
        (["Iron", "Aspirin"], {"answer": "aspirin"}),
        ({"A": "Iron", "B": "Aspirin"}, {"answer": "B"}),
        ({"A": "Iron", "B": "Aspirin", "C": None, "D": ""}, {"answer_idx": "B", "answer": "a long explanation"}),
        ([{"key": "A", "value": "Iron"}, {"key": "B", "value": "Aspirin"}], {"answer_idx": "B"}),
    ],
)
def test_options_and_the_right_one_may_be_given_in_several_ways(read, options, right):
    [question] = read([{"question": "What thins blood?", "options": options, **right}])
    assert (question.options, question.answer_label) == (OPTIONS, "B")


def test_labels_other_than_letters_are_kept(read):
    [question] = read([{"question": "?", "options": {"1": "Iron", "2": "Aspirin"}, "answer_idx": 2}])
    assert question.right_option == Option("2", "Aspirin")


def test_a_number_can_be_an_answer_or_an_option(read):
    first, second = read([{"question": "2+2?", "answer": 4}, {"question": "2+3?", "options": [4, 5], "answer_idx": "B"}])
    assert (first.answer, second.right_option) == ("4", Option("B", "5"))


def test_a_missing_id_is_the_line_number(read):
    questions = read('{"question": "a", "answer": "b"}\n\n{"question": "c", "answer": "d"}\n')
    assert [question.id for question in questions] == ["1", "3"]


def test_a_line_number_does_not_take_an_id_that_another_question_has(read):
    questions = read([{"id": "2", "question": "a", "answer": "b"}, {"question": "c", "answer": "d"}])
    assert [question.id for question in questions] == ["2", "line-2"]


def test_option_and_free_text_questions_may_stand_in_one_file(read):
    first, second = read([ASPIRIN, {"question": "Why?", "answer": "So."}])
    assert (bool(first.options), bool(second.options)) == (True, False)


@pytest.mark.parametrize("content", ['[{"question": "a", "answer": "b"}]', '{"question": "a", "answer": "b"}'])
def test_a_list_and_a_single_record_are_read_like_lines(read, content):
    assert [question.text for question in read(content)] == ["a"]


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(read):
    content = b'\xef\xbb\xbf{"question": "a", "answer": "b"}\r\n\r\n  \r\n{"question": "c", "answer": "d"}\r\n'
    assert [question.text for question in read(content)] == ["a", "c"]


def test_a_line_separator_inside_a_text_does_not_end_the_line(read):
    [question] = read([{"question": "a\u2028b\x85c", "answer": "d"}])
    assert question.text == "a\u2028b\x85c"


def test_half_a_surrogate_pair_becomes_a_replacement_character(read):
    [question] = read('{"question": "a \\ud83d b", "answer": "c"}')
    assert question.text == "a \ufffd b"
    [optional] = read('{"question": "a", "options": {"\\ud83d": "b", "B": "c"}, "answer_idx": "B"}')
    assert [option.label for option in optional.options] == ["\ufffd", "B"]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"question": "a"}, "it has neither 'options' nor an 'answer'"),
        ({"question": " ", "answer": "b"}, "'question' is missing or empty"),
        ({"question": ["a"], "answer": "b"}, "'question' must be a text, not list"),
        ({"question": "a", "answer": True}, "'answer' must be a text, not bool"),
        ({**ASPIRIN, "answer_idx": "C"}, "'answer_idx' is 'C', and the options are A, B"),
        ({**ASPIRIN, "answer_idx": 2}, "'answer_idx' is 2, and the options are A, B"),
        ({**ASPIRIN, "answer_idx": -1}, "'answer_idx' is -1, and the options are A, B"),
        ({**ASPIRIN, "answer_idx": None}, "it has options but neither 'answer_idx' nor 'answer'"),
        ({**ASPIRIN, "answer_idx": None, "answer": "Zinc"}, "'answer' is 'Zinc', and the options are A, B"),
        ({**ASPIRIN, "options": {"A": "Iron", "B": ""}}, "only 1 of its options has a text"),
        ({**ASPIRIN, "options": "Iron, Aspirin"}, "'options' must be an object of label to text or a list, not str"),
        ({**ASPIRIN, "options": {"A": "Iron", "A ": "Zinc"}}, "the options' labels 'A', 'A' are not all different"),
    ],
)
def test_a_wrong_record_is_named_with_its_file_line_and_fault(write, read, record, sentence):
    with pytest.raises(InputError) as caught:
        read([{"question": "fine", "answer": "yes"}, record])
    assert f"questions.jsonl, line 2: {sentence}" in str(caught.value)


def test_two_questions_of_one_id_are_named_with_both_lines(read):
    record = {"id": "x", "question": "a", "answer": "b"}
    with pytest.raises(InputError, match=r"line 3: its id 'x' is also that of .*questions\.jsonl, line 1"):
        read([record, {**record, "id": "y"}, record])


def test_a_broken_line_is_named(read):
    with pytest.raises(InputError, match=r"questions\.jsonl, line 2: not JSON"):
        read('{"question": "a", "answer": "b"}\n{"question": "c", \n')


def test_a_line_that_is_no_object_is_named(read):
    with pytest.raises(InputError, match="line 2: a JSON object is expected, not list"):
        read('{"question": "a", "answer": "b"}\n[1]\n')


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"[]", "holds no questions"),
        (b"{}", "holds no questions"),
        (b"{}\n{}", "line 1: a record with no fields is in no format that is known"),
        (b'["a"]', "record 1: a JSON object is expected, not str"),
        (b"Some prose.\nMore of it.", "in no format that is known"),
        (b'{"_id": "1", "text": "BEIR"}', "a record with '_id', 'text' is in no format that is known"),
        (b'{"a": 1', "is not JSON"),
        ('{"question": "a"}\n{"question": "Sjögren"}'.encode("latin-1"), "is not UTF-8: line 2 holds the byte 0xf6"),
        ("{}".encode("utf-16"), "is not UTF-8: it is UTF-16"),
    ],
)
def test_a_file_that_holds_no_questions_says_what_it_is(read, content, sentence):
    with pytest.raises(InputError) as caught:
        read(content)
    assert sentence in str(caught.value)
    assert "questions.jsonl" in str(caught.value)
    assert caught.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.jsonl cannot be read: No such file"):
        read_questions(tmp_path / "absent.jsonl")
