"""What a report is made of, and what it refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.report.inputs import read_inputs


def changed_record(folder, **values):
    file = folder / "evaluation.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def comparison(*evaluations):
    return {"schema": "jmlr.compare/1", "task": "questions", "systems": [{"name": "x", "evaluations": list(evaluations)}]}


def names_of(inputs):
    return [each.name for each in inputs.evaluations]


def test_an_evaluation_is_named_by_its_name_its_folder_or_a_file_in_it(pair):
    for name in ("questions-rag", str(pair.rag), str(pair.rag / "evaluation.json"), str(pair.rag / "results.jsonl")):
        assert names_of(read_inputs([name])) == ["questions-rag"]


def test_evaluations_come_in_the_order_in_which_they_are_named_each_once(pair):
    assert names_of(read_inputs(["questions-rag", "questions-closed", str(pair.rag)])) == ["questions-rag", "questions-closed"]


def test_a_comparison_brings_the_evaluations_behind_it(pair):
    kept = pair.folder / ".jmlr" / "comparisons" / "both.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps(comparison("questions-closed", "questions-rag", "long-gone")))
    inputs = read_inputs(["both"])
    assert names_of(inputs) == ["questions-closed", "questions-rag"]
    assert inputs.gone == ("long-gone",)
    assert inputs.comparisons[0].found.task == "questions"


def test_a_comparison_does_not_lead_out_of_the_workspace(pair):
    (pair.folder / "own.json").write_text(json.dumps(comparison("../../elsewhere")))
    with pytest.raises(InputError, match="cannot name an evaluation"):
        read_inputs(["own.json"])


def test_a_name_that_is_not_there_is_told_with_one_like_it(pair):
    with pytest.raises(InputError, match="no evaluation or comparison 'question-rag'") as error:
        read_inputs(["question-rag"])
    assert error.value.hint == "Did you mean 'questions-rag'?"


def test_an_unfinished_evaluation_is_refused(pair):
    changed_record(pair.rag, status="unfinished")
    with pytest.raises(InputError, match="'questions-rag' is unfinished") as error:
        read_inputs(["questions-closed", "questions-rag"])
    assert "jmlr eval" in error.value.hint


def test_evaluations_of_different_questions_are_refused_by_their_names_and_digests(pair, keeper):
    other = pair.folder / "other.jsonl"
    other.write_text(pair.questions.read_text().replace("malaria", "scabies"))
    results = [replace(result) for result in read_inputs(["questions-rag"]).evaluations[0].results]
    keeper.keep("other-closed", other, results)
    with pytest.raises(
        InputError, match=r"'questions-closed' and 'other-closed' asked different questions: questions \(SHA-256 "
    ):
        read_inputs(["questions-closed", "other-closed"])


def test_two_evaluations_of_one_name_are_refused(pair):
    shutil.copytree(pair.rag, pair.folder / "copy")
    with pytest.raises(InputError, match="two of the evaluations are named 'questions-rag'"):
        read_inputs(["questions-rag", "copy"])


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"id": "q3", "chos', "Unterminated"),
        (b'{"subset": "other"}', "id"),
        (b'{"id": "q3", "answer_nll": "much"}', "answer_nll"),
        (b'{"id": "q3", "generated": "\\ud800"}', "'utf-8' codec"),
        (b'{"id": "\xff"}', "'utf-8' codec"),
        (b"", "Expecting value"),
    ],
    ids=["cut off", "a field lacks", "a word for a number", "half a character", "not UTF-8", "empty"],
)
def test_a_damaged_line_is_named_by_its_number(pair, line, what):
    file = pair.rag / "results.jsonl"
    lines = file.read_bytes().splitlines()
    lines[2] = line
    file.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(DamagedError, match=f"results.jsonl, line 3: no question's result: {what}"):
        read_inputs(["questions-rag"])


def test_lacking_lines_are_counted(pair):
    file = pair.rag / "results.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))
    with pytest.raises(DamagedError, match=r"holds 3 results, and evaluation\.json counts 4"):
        read_inputs(["questions-rag"])


def test_an_evaluation_that_does_not_say_what_it_asked_is_damaged(pair):
    changed_record(pair.rag, made_by={"run": None})
    with pytest.raises(DamagedError, match=r"no whole record of an evaluation: made_by\.questions: Field required"):
        read_inputs(["questions-rag"])


@pytest.mark.parametrize("changed", [{"accuracy": "high"}, {"subsets": ["skin"]}, {"calibration": {"ece": 0.1}}, {"ci95": [0.1]}])
def test_figures_of_another_kind_are_damage(pair, changed):
    changed_record(pair.rag, **changed)
    with pytest.raises(DamagedError, match=f"no whole record of an evaluation: {next(iter(changed))}"):
        read_inputs(["questions-rag"])


def test_a_number_that_json_does_not_have_is_no_number(pair):
    changed_record(pair.rag, answer_nll=float("nan"))
    assert read_inputs(["questions-rag"]).evaluations[0].record["answer_nll"] is None


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("eval.json", '{"schema": "jmlr.eval/1"}', "figures without its questions' results"),
        ("ask.json", '{"schema": "jmlr.ask/1"}', "no jmlr.compare/1 but 'jmlr.ask/1'"),
        ("each.jsonl", '{"id": "q1"}\n', "neither an evaluation nor a comparison"),
        ("list.json", "[]", "holds no JSON object"),
        ("cut.json", '{"schema": ', "cannot be read"),
        (
            "pairs.json",
            '{"schema": "jmlr.compare/1", "pairs": [{"a": "x"}]}',
            r"no whole comparison: pairs\.0\.b: Field required",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(pair, name, text, what):
    (pair.folder / name).write_text(text)
    with pytest.raises((InputError, DamagedError), match=what):
        read_inputs([name])
