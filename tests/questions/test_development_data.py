"""Every question file of the development data is read, with the counts that its README states."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from jmlr_cli.questions.folders import read_questions_from
from jmlr_cli.questions.formats import read_questions

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not beside the checkout"),
]


@pytest.mark.parametrize(
    ("folder", "split", "count"),
    [
        ("medquad", "train", 3285),
        ("medquad", "dev", 398),
        ("medqa", "train", 1923),
        ("medqa", "dev", 1272),
        ("pubmedqa", "train", 500),
    ],
)
def test_every_split_has_its_questions_each_with_an_id_and_an_answer(folder, split, count):
    questions = read_questions_from(str(DATA / folder), split).questions
    assert len(questions) == len({question.id for question in questions}) == count
    assert all(question.right_option if question.options else question.answer for question in questions)


def test_medquads_gold_documents_are_files_of_the_guidelines():
    questions = read_questions_from(str(DATA / "medquad"), "dev").questions
    assert all(question.document and (DATA / "guidelines" / question.document).is_file() for question in questions)


def test_pubmedqas_abstracts_come_attached():
    questions = read_questions_from(str(DATA / "pubmedqa"), "train").questions
    assert Counter(question.right_option.text for question in questions) == {"yes": 276, "no": 169, "maybe": 55}
    assert all(question.passages and question.rationale for question in questions)


def test_every_format_that_users_hold_is_recognised():
    formats = DATA / "formats"
    counts = {path.name: len(read_questions(path).questions) for path in sorted(formats.iterdir())}
    assert counts == {
        "medmcqa_dev.jsonl": 20,
        "medqa_phrases_no_exclude.jsonl": 5,
        "mirage_benchmark.json": 25,
        "mmlu_anatomy_test.csv": 20,
        "mmlu_clinical_knowledge_test.csv": 20,
    }


def test_medmcqas_own_file_and_mirage_agree_on_the_right_options():
    own = {question.id: question.right_option for question in read_questions(DATA / "formats" / "medmcqa_dev.jsonl").questions}
    mirage = [q for q in read_questions(DATA / "formats" / "mirage_benchmark.json").questions if q.subset == "medmcqa"]
    shared = [question for question in mirage if question.id in own]
    assert shared
    assert all(own[question.id] == question.right_option for question in shared)


def test_mirage_keeps_its_data_sets_apart():
    questions = read_questions(DATA / "formats" / "mirage_benchmark.json").questions
    assert Counter(question.subset for question in questions) == dict.fromkeys(
        ["medqa", "medmcqa", "pubmedqa", "bioasq", "mmlu"], 5
    )
