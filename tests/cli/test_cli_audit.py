"""The audit from the command line: its report, its exit codes, and what an evaluation is worth without the leaks."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

BM25 = ("--set", "retriever.plugin=bm25", "--set", "retriever.checkpoint=", "--set", "retriever.train=false")
CASES = {
    "q1": "A fifty year old man wakes at night with a hot swollen big toe after wine. Which drug is given first?",
    "q2": "A child of four scratches all night and has burrows between the fingers. Which cream is put on the whole skin?",
    "q3": "A traveller has fever and chills two weeks after a stay in the lowlands. Which drug is given by mouth?",
}
ANSWERS = {"q1": "Colchicine", "q2": "Permethrin", "q3": "Artemether"}
PAGES = {
    "gout.md": "# Gout\nColchicine treats a swollen toe.\n",
    "scabies.md": "# Scabies\nPermethrin cream is put on the whole skin.\n",
    "malaria.md": "# Malaria\nArtemether treats fever after travel.\n",
    "bank.md": f"# Question bank\nCase 1. {CASES['q1']} The answer is colchicine.\n",
    "other.md": "# Other\nA broken arm is put into plaster.\n",
}


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """A folder of pages, one of which is a question bank, and the questions."""
    folder = tmp_path_factory.mktemp("ward")
    (folder / "pages").mkdir()
    for name, text in PAGES.items():
        (folder / "pages" / name).write_text(text)
    options = dict(zip("ABC", ANSWERS.values(), strict=True))
    lines = [
        {"id": id, "question": text, "options": options, "answer_idx": label}
        for (id, text), label in zip(CASES.items(), "ABC", strict=True)
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "train.jsonl").write_text(json.dumps({**lines[1], "id": "t1", "question": CASES["q2"].upper()}) + "\n")
    return folder


@pytest.fixture(scope="module")
def jmlr(ward, run_here):
    """The command in that folder, its index built and its questions answered once."""
    made = run_here(ward, "index", "pages", "--name", "ward", "--retriever", "bm25", "--json")
    assert made.code == 0, made.err
    done = run_here(ward, "eval", "questions.jsonl", "--recipe", "tiny", *BM25, "-k", "2", "--output", "results.jsonl", "--json")
    assert done.code == 0, done.err
    return partial(run_here, ward)


def test_the_report_counts_by_measure_and_names_the_findings(jmlr, ward):
    found = jmlr("audit", "questions.jsonl", "--output", "findings.jsonl", "--json").json
    assert (found["schema"], found["status"], found["questions"], found["n"]) == ("jmlr.audit/1", "ok", "questions", 3)
    assert found["searched"] == [{"source": "index", "name": "ward", "texts": 5, "answers": 3}]
    assert found["leaking"] == {"questions": 1, "share": pytest.approx(1 / 3), "texts": 1}
    assert found["measures"]["exact"]["questions"] == found["measures"]["near"]["questions"] == 1
    assert found["measures"]["marked"]["questions"] == 0
    (finding,) = found["findings"]
    assert (finding["question"], finding["document"], finding["answer"]) == ("q1", "bank.md", True)
    assert [json.loads(line) for line in (ward / "findings.jsonl").read_text().splitlines()] == [finding]


def test_a_training_set_is_audited_alone_or_beside_an_index(jmlr):
    alone = jmlr("audit", "questions.jsonl", "--train", "train.jsonl", "--json").json
    assert [each["source"] for each in alone["searched"]] == ["training"]
    assert [(f["question"], f["text"]) for f in alone["findings"]] == [("q2", "t1")]
    assert "exact" not in alone["findings"][0]["measures"]
    both = jmlr("audit", "questions.jsonl", "--train", "train.jsonl", "--index", "ward", "--json").json
    assert {f["question"] for f in both["findings"]} == {"q1", "q2"}


def test_people_see_tables(jmlr):
    shown = jmlr("audit", "questions.jsonl", "--evaluation", "results.jsonl").out
    assert "13-gram" in shown
    assert "bank.md" in shown
    assert "a fifty year old man" in shown
    assert "without the leaking questions" in shown


def test_findings_fail_a_pipeline_only_when_asked(jmlr, ward):
    assert jmlr("audit", "questions.jsonl", "--json").code == 0
    failed = jmlr("audit", "questions.jsonl", "--fail-on-leak", "--json")
    assert failed.code == 3
    assert failed.json["status"] == "ok"
    (ward / "clean.jsonl").write_text(
        json.dumps({"id": "c", "question": "What is put on a broken arm?", "answer": "Plaster"}) + "\n"
    )
    assert jmlr("audit", "clean.jsonl", "--fail-on-leak").code == 0


def test_an_evaluation_is_told_with_and_without_the_leaks(jmlr, ward):
    results = [json.loads(line) for line in (ward / "results.jsonl").read_text().splitlines()]
    found = jmlr("audit", "questions.jsonl", "--evaluation", "results.jsonl", "--json").json
    evaluation, leak = found["evaluation"], found["findings"][0]["text"]
    reading = [result["id"] for result in results if leak in result["passages"]]
    assert "q1" in reading
    assert evaluation["all"]["n"] == 3
    assert evaluation["clean"]["n"] == 2
    assert evaluation["leaking"]["n"] == 1
    assert evaluation["unread"]["n"] == 2  # another question may read that passage: it does not hold it
    assert evaluation["removed"] is None
    right = {result["id"]: result["correct"] for result in results}
    assert evaluation["clean"]["accuracy"]["value"] == pytest.approx((right["q2"] + right["q3"]) / 2)


def test_a_retest_answers_each_question_without_the_passages_that_hold_it(jmlr, ward):
    arguments = ("audit", "questions.jsonl", "--evaluation", "results.jsonl", "--retest", "--recipe", "tiny", *BM25, "--json")
    evaluation = jmlr(*arguments).json["evaluation"]
    behind = ("--where", "document!=bank.md", "--output", "behind.jsonl", "--json")
    assert jmlr("eval", "questions.jsonl", "--recipe", "tiny", *BM25, "-k", "2", *behind).code == 0
    first, *others = (json.loads(line) for line in (ward / "behind.jsonl").read_text().splitlines())
    before = {result["id"]: result for result in map(json.loads, (ward / "results.jsonl").read_text().splitlines())}
    expected = [first, *(before[result["id"]] for result in others)]
    assert first["passages"] != before["q1"]["passages"]
    assert evaluation["removed"]["n"] == 3
    assert evaluation["removed"]["accuracy"]["value"] == pytest.approx(sum(r["correct"] for r in expected) / 3)
    assert evaluation["removed"]["answer_nll"]["value"] == pytest.approx(sum(r["answer_nll"] for r in expected) / 3, rel=1e-4)


PMI = ("--recipe", "tiny", *BM25, "-k", "2", "--normalise", "pmi")


@pytest.fixture(scope="module")
def by_pmi(jmlr) -> str:
    """The name of an evaluation with other settings than the recipe's, which also stands in by-pmi.jsonl."""
    made = jmlr("eval", "questions.jsonl", *PMI, "--output", "by-pmi.jsonl", "--json")
    assert made.code == 0, made.err
    return made.json["evaluation"]


def test_a_retest_scores_as_the_evaluation_did(jmlr, ward, by_pmi):
    behind = jmlr("eval", "questions.jsonl", *PMI, "--where", "document!=bank.md", "--output", "pmi-behind.jsonl", "--json")
    assert behind.code == 0, behind.err
    first, *others = (json.loads(line) for line in (ward / "pmi-behind.jsonl").read_text().splitlines())
    before = {result["id"]: result for result in map(json.loads, (ward / "by-pmi.jsonl").read_text().splitlines())}
    expected = [first, *(before[result["id"]] for result in others)]
    for named in (by_pmi, "by-pmi.jsonl"):
        found = jmlr("audit", "questions.jsonl", "--evaluation", named, "--retest", "--recipe", "tiny", *BM25, "--json")
        removed = found.json["evaluation"]["removed"]
        assert removed["accuracy"]["value"] == pytest.approx(sum(result["correct"] for result in expected) / 3)
        assert removed["answer_nll"]["value"] == pytest.approx(sum(r["answer_nll"] for r in expected) / 3, rel=1e-4)


def test_a_kept_evaluation_tells_which_system_made_it(jmlr, by_pmi):
    retest = ("audit", "questions.jsonl", "--evaluation", by_pmi, "--retest", "--recipe", "tiny", *BM25, "--json")
    assert "another filter" in jmlr(*retest, "--set", "data.where=document=bank.md,other.md").json["message"]
    assert "another language model" in jmlr(*retest, "--set", "generator.dtype=bfloat16").json["message"]


def test_an_evaluation_that_is_not_finished_or_of_other_questions_is_refused(jmlr, ward, by_pmi):
    folder = ward / ".jmlr" / "evaluations" / by_pmi
    record, lines = ((folder / name).read_text() for name in ("evaluation.json", "results.jsonl"))
    questions = (ward / "questions.jsonl").read_text()
    try:
        (folder / "evaluation.json").write_text(json.dumps(json.loads(record) | {"status": "unfinished"}))
        (folder / "results.jsonl").write_text(lines.partition("\n")[0] + "\n")
        unfinished = jmlr("audit", "questions.jsonl", "--evaluation", by_pmi, "--json")
        assert unfinished.code == 3
        assert "not finished: 1 questions" in unfinished.json["message"]
    finally:
        (folder / "evaluation.json").write_text(record)
        (folder / "results.jsonl").write_text(lines)
    (ward / "same-ids.jsonl").write_text(questions.replace('"answer_idx": "A"', '"answer_idx": "B"'))
    assert "is of other questions" in jmlr("audit", "same-ids.jsonl", "--evaluation", by_pmi, "--json").json["message"]
    assert "is another one" in jmlr("audit", "same-ids.jsonl", "--evaluation", "by-pmi.jsonl", "--json").json["message"]


def test_results_may_hold_what_ends_a_line_elsewhere(jmlr, ward):
    lines = (ward / "results.jsonl").read_text().splitlines()
    odd = [json.dumps({**json.loads(line), "generated": "a\u2028b\x85c"}, ensure_ascii=False) for line in lines]
    (ward / "odd.jsonl").write_text("".join(f"{line}\n" for line in odd))
    assert jmlr("audit", "questions.jsonl", "--evaluation", "odd.jsonl", "--json").json["evaluation"]["all"]["n"] == 3


def test_a_retest_with_another_system_is_refused(jmlr):
    arguments = ("--retest", "--recipe", "tiny", *BM25, "--set", "data.where=document=bank.md,other.md", "--json")
    done = jmlr("audit", "questions.jsonl", "--evaluation", "results.jsonl", *arguments)
    assert done.code == 3
    assert "read other passages now" in done.json["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing.jsonl"], 3, "neither a file"),
        (["questions.jsonl", "--index", "none"], 3, "no index 'none'"),
        (["questions.jsonl", "--train", "none"], 3, "no question file"),
        (["questions.jsonl", "--evaluation", "none"], 3, "no evaluation 'none'"),
        (["questions.jsonl", "--evaluation", "questions.jsonl"], 3, "line 1: no question's result"),
        (["questions.jsonl", "--evaluation", "others.jsonl"], 3, "not in questions"),
        (["questions.jsonl", "--retest"], 2, "--evaluation"),
        (["questions.jsonl", "--set", "training.seed=1"], 2, "neither is named"),
        (["questions.jsonl", "--threshold", "2"], 2, "threshold"),
        (["questions.jsonl", "--ngram", "1"], 2, "ngram"),
        (["questions.jsonl", "--index", "../ward"], 3, "cannot name"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(jmlr, ward, arguments, code, words):
    (ward / "others.jsonl").write_text('{"id": "x9", "correct": true, "answer_nll": null, "passages": []}\n')
    done = jmlr("audit", *arguments, "--json")
    assert done.code == code
    assert done.json["schema"] == "jmlr.error/1"
    assert words in done.json["message"]


def test_a_damaged_passage_file_is_told(jmlr, ward):
    (file,) = (ward / ".jmlr" / "indexes" / "ward").glob("generations/*/passages.sqlite")
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:-100] + bytes(100))
        done = jmlr("audit", "questions.jsonl", "--index", "ward", "--json")
    finally:
        file.write_bytes(whole)
    assert done.code == 5
    assert "does not match its checksum" in done.json["message"]
