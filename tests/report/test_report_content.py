"""What a report holds: every question once, with each system's answer, and every passage once."""

from __future__ import annotations

import json
import shutil

import pytest

from jmlr_cli.evaluation.results import QuestionResult
from jmlr_cli.questions.digest import questions_digest
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.questions.load import load_questions
from jmlr_cli.report.content import make_report
from jmlr_cli.report.inputs import read_inputs
from jmlr_cli.report.kept import AskedSet
from jmlr_cli.report.texts import asked_questions


def report_of(*names):
    return make_report(read_inputs(names)).as_json()


def test_each_question_has_every_system_s_answer_beside_its_text_and_the_right_one(pair):
    report = report_of("questions-closed", "questions-rag")
    assert report["schema"] == "jmlr.report/1"
    assert [each["evaluation"] for each in report["evaluations"]] == ["questions-closed", "questions-rag"]
    first = report["questions"][0]
    assert (first["id"], first["subset"], first["right"], first["document"]) == ("q1", "other", "A", "malaria.md")
    assert first["question"] == "Which drug treats uncomplicated malaria?"
    assert first["options"][0] == {"label": "A", "text": "Artemether with lumefantrine"}
    assert [(each["evaluation"], each["answer"], each["correct"], each["answer_nll"]) for each in first["answers"]] == [
        ("questions-closed", "A", True, 1.5),
        ("questions-rag", "B", False, 0.5),
    ]


def test_passages_stand_once_and_answers_name_them_best_first(pair):
    report = report_of("questions-rag")
    assert report["passages"][pair.passages["gout.md"]] == {
        "document": "gout.md",
        "title": "A title",
        "text": "Allopurinol prevents.",
    }
    assert len(report["passages"]) == 2
    # kept are those read, worst first
    assert report["questions"][0]["answers"][0]["passages"] == [pair.passages["scabies.txt"], pair.passages["gout.md"]]
    assert report["notes"] == []


def test_texts_that_are_gone_are_said_to_be(pair):
    shutil.rmtree(pair.folder / ".jmlr" / "indexes")
    report = report_of("questions-rag")
    assert report["notes"] == ["The text of 2 of 2 passages is no longer in the workspace."]
    assert report["passages"] == {}


@pytest.mark.parametrize("damage", ["manifest.json", "generations/000001/passages.sqlite"])
def test_a_damaged_index_costs_the_texts_and_not_the_report(pair, damage):
    (pair.folder / ".jmlr" / "indexes" / "guidelines" / damage).write_bytes(b"{")
    assert report_of("questions-rag")["notes"] == ["The text of 2 of 2 passages is no longer in the workspace."]


def test_a_question_file_that_changed_gives_no_texts(pair):
    pair.questions.write_text(pair.questions.read_text().replace("malaria", "measles"))
    report = report_of("questions-closed")
    assert "now are not the questions that were asked" in report["notes"][0]
    assert report["questions"][0]["question"] is None
    assert report["questions"][0]["right"] == "A"


def test_a_question_file_that_is_gone_is_told(pair):
    pair.questions.unlink()
    (note,) = report_of("questions-closed")["notes"]
    assert note.startswith("The questions' texts are not shown: 'questions' is neither a file or folder")


def test_of_a_folder_the_split_is_found_whose_questions_were_asked(keeper, questions, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    questions(folder / "dev.jsonl")
    text = (folder / "dev.jsonl").read_text()
    (folder / "test.jsonl").write_text(text.replace("drug", "medicine"))
    kept = keeper.keep("set-closed", folder / "dev.jsonl", [QuestionResult(f"q{n}", right="A") for n in range(1, 5)])
    record = json.loads((kept / "evaluation.json").read_text())
    record["made_by"]["questions"]["source"] = str(folder)
    (kept / "evaluation.json").write_text(json.dumps(record))
    assert report_of("set-closed")["questions"][0]["question"] == "Which drug treats uncomplicated malaria?"


def test_passages_that_a_question_brought_need_no_index(keeper, tmp_path):
    file = tmp_path / "own.jsonl"
    file.write_text('{"input": "What treats gout?", "output": "Colchicine.", "doc": ["Colchicine treats gout."]}\n')
    (question,) = read_questions(file).questions
    passage = question.passages[0].id
    result = QuestionResult(question.id, generated="Colchicine", answer_nll=0.5, f1=1.0, passages=(passage,))
    keeper.keep("own-oracle", file, [result], "oracle")
    report = report_of("own-oracle")
    assert report["passages"][passage]["text"] == "Colchicine treats gout."
    answer = report["questions"][0]["answers"][0]
    assert (answer["answer"], answer["correct"], answer["f1"]) == ("Colchicine", None, 1.0)
    assert report["questions"][0]["right"] == "Colchicine."


def test_evaluations_behind_a_comparison_that_are_gone_are_named(pair):
    system = {"name": "x", "evaluations": ["questions-rag", "long-gone"]}
    (pair.folder / "c.json").write_text(json.dumps({"schema": "jmlr.compare/1", "task": "questions", "systems": [system]}))
    report = report_of("c.json")
    assert report["notes"] == ["No longer in the workspace, so that their answers are not shown: long-gone."]
    assert report["comparisons"][0]["systems"] == [system]


def test_the_questions_of_a_task_that_takes_some_of_a_users_file_are_found(tmp_path, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(tmp_path))
    yes_no = {"id": "1", "type": "yesno", "body": "Is gout painful?", "exact_answer": "yes", "ideal_answer": ["Yes."]}
    factoid = {"id": "2", "type": "factoid", "body": "What causes gout?", "exact_answer": [["urate"]], "ideal_answer": "Urate."}
    (tmp_path / "questions").mkdir()
    (tmp_path / "questions" / "bioasq.json").write_text(json.dumps({"questions": [yes_no, factoid]}))
    found = load_questions("bioasq", "test")
    asked = AskedSet(name=found.name, source=found.source, sha256=questions_digest(found.questions))
    texts, note = asked_questions(asked, len(found.questions))
    assert ([question.text for question in texts.values()], note) == (["Is gout painful?"], "")
