"""`jmlr report` as a user types it."""

from __future__ import annotations

import json

import pytest

from jmlr_cli.evaluation.results import QuestionResult


@pytest.fixture
def kept(keeper, questions):
    """The folder of a workspace with one evaluation, ``questions-closed``, of two questions."""
    results = [
        QuestionResult("q1", chosen="A", right="A", correct=True),
        QuestionResult("q2", chosen="A", right="B", correct=False),
    ]
    keeper.keep("questions-closed", questions(keeper.folder / "questions.jsonl"), results)
    return keeper.folder


def test_a_page_and_its_data_are_written_beside_each_other(kept, run_here):
    done = run_here(kept, "report", "questions-closed")
    assert done.code == 0, done.err
    assert "wrote report.html" in done.out
    assert (kept / "report.html").read_text().startswith("<!DOCTYPE html>")
    report = json.loads((kept / "report.json").read_text())
    assert report["schema"] == "jmlr.report/1"
    assert [each["id"] for each in report["questions"]] == ["q1", "q2"]


def test_json_tells_what_was_written(kept, run_here):
    done = run_here(kept, "report", "questions-closed", "--output", "pages.htm", "--json")
    assert done.json == {
        "schema": "jmlr.reported/1",
        "status": "ok",
        "html": "pages.htm",
        "json": "pages.json",
        "evaluations": ["questions-closed"],
        "comparisons": 0,
        "questions": 2,
        "notes": [],
    }
    assert (kept / "pages.json").is_file()


def test_what_is_lacking_is_told_and_the_page_is_written_all_the_same(kept, run_here):
    (kept / "questions.jsonl").unlink()
    done = run_here(kept, "report", "questions-closed")
    assert done.code == 0
    assert "The questions' texts are not shown" in done.err
    assert "texts are not shown" in (kept / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        ((), 2, "name an evaluation or a comparison", "There are: questions-closed."),
        (("question-closed",), 3, "there is no evaluation or comparison 'question-closed'", "Did you mean 'questions-closed'?"),
        (("questions-closed", "--output", "report.pdf"), 2, "report.pdf is not the name of a page", ".html"),
        (("questions-closed", "--output", "lacking/report.html"), 2, "there is no folder lacking", "Make it"),
    ],
    ids=["nothing named", "a wrong name", "no page", "no folder"],
)
def test_a_mistake_is_told_in_a_sentence(kept, run_here, arguments, code, message, hint):
    told = run_here(kept, "report", *arguments, "--json").json
    assert (told["schema"], told["code"]) == ("jmlr.error/1", code)
    assert message in told["message"]
    assert hint in told["hint"]
    assert not (kept / "report.html").exists()


def test_without_any_evaluation_the_way_to_one_is_told(tmp_path, run_here):
    assert "jmlr eval" in run_here(tmp_path, "report", "--json").json["hint"]


def test_a_damaged_evaluation_has_its_own_exit_code_and_leaves_an_earlier_page(kept, run_here):
    assert run_here(kept, "report", "questions-closed").code == 0
    before = (kept / "report.html").read_bytes()
    lines = kept / ".jmlr" / "evaluations" / "questions-closed" / "results.jsonl"
    lines.write_text(lines.read_text()[:-20])
    done = run_here(kept, "report", "questions-closed")
    assert done.code == 5
    assert "holds 1 results, and evaluation.json counts 2" in done.err
    assert (kept / "report.html").read_bytes() == before


def test_a_file_of_the_user_s_is_not_overwritten_by_the_data(kept, run_here):
    (kept / "questions.json").write_text("[]")
    told = run_here(kept, "report", "questions-closed", "--output", "questions.html", "--json").json
    assert told["code"] == 2
    assert "questions.json, where the page's data would go, is something else" in told["message"]
    assert (kept / "questions.json").read_text() == "[]"
    assert run_here(kept, "report", "questions-closed").code == 0
    assert run_here(kept, "report", "questions-closed").code == 0
