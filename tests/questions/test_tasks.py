"""The hub's tasks, read from a hub cache that the test fills, as on a machine without a network."""

from __future__ import annotations

import json
import zipfile

import pytest

from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.questions.load import load_questions


def medqa_line(text: str) -> str:
    return json.dumps({"question": text, "options": {"A": "x", "B": "y"}, "answer_idx": "A", "meta_info": "step1"}) + "\n"


def test_medqa_reads_its_lines_and_its_dev_split_from_the_authors_archive(cached):
    cached("GBaker/MedQA-USMLE-4-options", "phrases_no_exclude_test.jsonl").write_text(medqa_line("t1") + medqa_line("t2"))
    with zipfile.ZipFile(cached("bigbio/med_qa", "data_clean.zip"), "w") as archive:
        archive.writestr("data_clean/questions/US/4_options/phrases_no_exclude_dev.jsonl", medqa_line("d1"))
    assert [question.text for question in load_questions("medqa", "test").questions] == ["t1", "t2"]
    dev = load_questions("medqa", "dev")
    assert (dev.name, [question.text for question in dev.questions]) == ("medqa", ["d1"])


def test_pubmedqa_reads_the_authors_split(cached):
    record = {"QUESTION": "Does it?", "CONTEXTS": ["Yes."], "LABELS": ["R"], "final_decision": "yes", "LONG_ANSWER": "It does."}
    with zipfile.ZipFile(cached("bigbio/pubmed_qa", "pqal.zip"), "w") as archive:
        archive.writestr("pqal_test_set.json", json.dumps({"9": record}))
    [question] = load_questions("pubmedqa", "test").questions
    assert (question.id, question.answer_label) == ("9", "A")
    with pytest.raises(MissingError, match=r"pqal\.zip .* does not hold pqal_fold0/dev_set\.json"):
        load_questions("pubmedqa", "dev")


def test_medmcqas_dev_split_is_the_end_of_its_training_file(cached, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    from pyarrow import Table

    from jmlr_plugins.tasks.hub import MedMCQA

    rows = [{"question": f"q{n}", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": n % 4, "exp": None} for n in range(6)]
    parquet.write_table(Table.from_pylist(rows), cached("openlifescienceai/medmcqa", "data/train-00000-of-00001.parquet"))
    monkeypatch.setattr(MedMCQA, "held_out", 2)
    train, dev = (load_questions("medmcqa", split).questions for split in ("train", "dev"))
    assert [question.text for question in train] == ["q0", "q1", "q2", "q3"]
    assert [(question.text, question.answer_label) for question in dev] == [("q4", "A"), ("q5", "B")]


def test_mmlu_medical_is_six_subjects_with_ids_of_their_own(cached):
    parquet = pytest.importorskip("pyarrow.parquet")
    from pyarrow import Table

    from jmlr_plugins.tasks.hub import SUBJECTS

    for subject in SUBJECTS:
        rows = [{"question": "Which?", "subject": subject, "choices": ["a", "b", "c", "d"], "answer": 3}]
        parquet.write_table(Table.from_pylist(rows), cached("cais/mmlu", f"{subject}/test-00000-of-00001.parquet"))
    questions = load_questions("mmlu-medical", "test").questions
    assert [question.id for question in questions] == [f"{subject}-1" for subject in SUBJECTS]
    assert {question.answer_label for question in questions} == {"D"}


def test_a_split_that_a_set_lacks_is_an_error(cached):
    with pytest.raises(InputError, match="mmlu-medical has no train split") as caught:
        load_questions("mmlu-medical", "train")
    assert caught.value.hint == "It has dev and test."


def test_out_of_reach_the_user_is_told_to_pass_a_file(cached):
    with pytest.raises(MissingError, match="not in the hub's cache, and the hub is out of reach") as caught:
        load_questions("medqa", "test")
    assert "jmlr eval path/to/file" in caught.value.hint


def test_a_parquet_file_without_pyarrow_names_the_extra(write, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingError, match="only pyarrow can read") as caught:
        load_questions(str(write(b"PAR1 and so on", "x.parquet")), "test")
    assert "jmlr[hub]" in caught.value.hint


def test_a_damaged_parquet_file_is_told(write):
    pytest.importorskip("pyarrow")
    with pytest.raises(InputError, match="is a damaged Parquet file"):
        load_questions(str(write(b"PAR1 and so on", "x.parquet")), "test")
