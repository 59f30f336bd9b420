"""The formats in which the field's question sets are handed on."""

from __future__ import annotations

import json

import pytest

from jmlr_cli.contracts.values import Option, passage_id
from jmlr_cli.errors import InputError

PUBMEDQA = {
    "QUESTION": "Does it work?",
    "CONTEXTS": ["It was tried.", "It helped."],
    "LABELS": ["METHODS", "RESULTS"],
    "final_decision": "maybe",
    "LONG_ANSWER": "It helped some.",
}


def mcq(cop, **more):
    return {"question": "Which?", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": cop, "exp": None, **more}


def test_a_medmcqa_file_with_a_4_counts_from_1(read):
    questions = read([mcq(1, id="a", subject_name="Surgery", choice_type="multi", exp="w is it"), mcq(4, id="b")])
    assert [question.right_option for question in questions] == [Option("A", "w"), Option("D", "z")]
    assert (questions[0].subset, questions[0].rationale, questions[0].id) == ("Surgery", "w is it", "a")


def test_a_medmcqa_file_with_a_0_counts_from_0(read):
    assert [question.answer_label for question in read([mcq(0), mcq(3), mcq(1)])] == ["A", "D", "B"]


@pytest.mark.parametrize("said", ["Ans. is 'c' i.e. y", "Answer: (C) y", "Ans-c. y", "Ans. C, y"])
def test_a_medmcqa_file_with_neither_is_decided_by_its_explanations(read, said):
    assert read([mcq(2, exp=said)])[0].answer_label == "C"
    assert read([mcq(3, exp=said)])[0].answer_label == "C"


def test_a_medmcqa_file_without_any_sign_counts_from_1(read):
    assert read([mcq(2), mcq("3"), mcq(1.0)])[0].answer_label == "B"


def test_a_medmcqa_file_that_counts_both_ways_names_both_lines(read):
    with pytest.raises(InputError, match=r"line 3: 'cop' is 4, which counts from 1, but it is 0 at .*line 2"):
        read([mcq(1), mcq(0), mcq(4)])


@pytest.mark.parametrize("cop", [None, -1, ""])
def test_medmcqas_test_split_is_refused_for_having_no_answers(read, cop):
    with pytest.raises(InputError, match="line 1: 'cop' does not say which option is right") as caught:
        read([mcq(cop)])
    assert "dev split" in caught.value.hint


def test_an_empty_medmcqa_option_is_left_out_and_the_letters_stay(read):
    [question] = read([mcq(4, opb="")])
    assert question.options == (Option("A", "w"), Option("C", "y"), Option("D", "z"))


def test_mmlus_csv_has_its_subset_in_its_name(read):
    rows = '"A ""dished"" face",a,"b, c",d,e,B\n"Two\nlines?",a,b,c,d,D\n'
    questions = read(rows, "mmlu_anatomy_test.csv")
    assert [question.text for question in questions] == ['A "dished" face', "Two\nlines?"]
    assert questions[0].right_option == Option("B", "b, c")
    assert [(question.id, question.subset) for question in questions] == [("anatomy-1", "anatomy"), ("anatomy-2", "anatomy")]


def test_a_csv_may_begin_with_a_bracket_or_a_header(read):
    assert read("[Case 1] Which?,a,b,c,d,C\n", "x.csv")[0].answer_label == "C"
    assert [q.text for q in read("question,A,B,C,D,answer\nWhich?,a,b,c,d,A\n", "x.csv")] == ["Which?"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("Which?,a,b", "line 2: it has 3 columns"),
        ("Which?,a,b,c,d,E", "line 2: 'the last column' is 'E', and the options are A, B, C, D"),
        ("Which?,a,b,c,d,1", "line 2: its last column is '1', not the letter of an option"),
        (",a,b,c,d,A", "line 2: its first column, the question, is empty"),
        ('Which?,a,"b,c,d,A', "line 2: not CSV"),
    ],
)
def test_a_wrong_csv_row_is_named(read, row, sentence):
    with pytest.raises(InputError) as caught:
        read(f"Fine?,a,b,c,d,A\n{row}\n", "anatomy.csv")
    assert f"anatomy.csv, {sentence}" in str(caught.value)


def test_the_hubs_mmlu_records_count_answers_from_0(read):
    [question] = read([{"question": "Which?", "subject": "anatomy", "choices": ["a", "b", "c", "d"], "answer": 1}])
    assert (question.right_option, question.subset) == (Option("B", "b"), "anatomy")


def test_pubmedqas_abstract_comes_attached_a_passage_a_section(read):
    [question] = read({"123": PUBMEDQA}, "ori_pqal.json")
    assert question.id == "123"
    assert question.options == (Option("A", "yes"), Option("B", "no"), Option("C", "maybe"))
    assert (question.answer_label, question.rationale) == ("C", "It helped some.")
    assert [passage.content for passage in question.passages] == ["METHODS\nIt was tried.", "RESULTS\nIt helped."]
    assert question.passages[0].id == passage_id("123", "METHODS", "It was tried.")
    assert [passage.position for passage in question.passages] == [0, 1]


def test_half_a_surrogate_pair_in_an_id_becomes_a_replacement_character(read):
    assert [question.id for question in read(json.dumps({"\ud800": PUBMEDQA}))] == ["\ufffd"]


def test_the_hubs_pubmedqa_records_hold_the_same(read):
    hub = {
        "pubid": 123,
        "question": PUBMEDQA["QUESTION"],
        "context": {"contexts": PUBMEDQA["CONTEXTS"], "labels": PUBMEDQA["LABELS"], "meshes": []},
        "long_answer": PUBMEDQA["LONG_ANSWER"],
        "final_decision": "maybe",
    }
    assert read([hub]) == read({"123": PUBMEDQA})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"final_decision": "perhaps"}, "'final_decision' is 'perhaps'"),
        ({"final_decision": None}, "'final_decision' is missing or empty"),
        ({"CONTEXTS": "It was tried."}, "'CONTEXTS' must be a list of texts"),
    ],
)
def test_a_wrong_pubmedqa_record_is_named_by_its_pmid(read, change, sentence):
    with pytest.raises(InputError) as caught:
        read({"123": {**PUBMEDQA, **change}})
    assert f"record '123': {sentence}" in str(caught.value)


def test_mirages_benchmark_has_its_data_sets_as_subsets(read):
    yes_no = {"question": "Is it?", "options": {"A": "yes", "B": "no"}, "answer": "B"}
    questions = read({"medqa": {"0000": yes_no}, "bioasq": {"64ab": yes_no, "0000": yes_no}}, "benchmark.json")
    assert [question.subset for question in questions] == ["medqa", "bioasq", "bioasq"]
    assert [question.id for question in questions] == ["medqa/0000", "64ab", "bioasq/0000"]
    assert questions[0].right_option == Option("B", "no")


def test_a_wrong_mirage_record_is_named_by_data_set_and_id(read):
    right = {"question": "Is it?", "options": {"A": "yes", "B": "no"}, "answer": "B"}
    with pytest.raises(InputError, match="bioasq record '7': 'answer' is 'C', and the options are A, B"):
        read({"medqa": {"1": right}, "bioasq": {"7": {**right, "answer": "C"}}})
