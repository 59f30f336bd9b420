"""What an audit counts as a leak, and how much memory that takes."""

from __future__ import annotations

import tracemalloc

import pytest

from jmlr_cli.contracts.values import Option, Passage, Question, QuestionSet
from jmlr_cli.leakage.audit import audit
from jmlr_cli.leakage.findings import Settings
from jmlr_cli.leakage.marks import DIGEST, QUESTION, mark
from jmlr_cli.leakage.near import similarity
from jmlr_cli.leakage.texts import Text, Texts, training_texts
from jmlr_cli.leakage.words import words

VIGNETTE = (
    "A fifty year old man wakes at night with a hot swollen big toe after a large meal with wine. "
    "His uric acid is raised. Which drug is given first?"
)
REASONING = "Swollen joint and raised uric acid mean gout so colchicine comes first and allopurinol only later on."
OPTIONS = (Option("A", "Permethrin"), Option("B", "Colchicine"))
QUESTION_7 = Question("case-7", VIGNETTE, OPTIONS, "B", rationale=REASONING, document="gout.md")


def passage(document: str, text: str, **metadata: str) -> Passage:
    return Passage(f"{document}:{hash(text) % 1000}", document, "", text, 0, metadata)


def test_a_finding_says_where_by_what_and_which_words(audit_of):
    done = audit_of([QUESTION_7], [f"Question 12. {VIGNETTE} Answer: colchicine.", "Scabies is treated with permethrin."])
    (finding,) = done.findings
    assert finding.measures == ("exact", "normalised", "ngram", "near")
    assert (finding.source, finding.document) == ("index", "page0.md")
    assert (finding.coverage, finding.jaccard) == (1.0, 1.0)
    assert finding.overlap.startswith("a fifty year old man wakes")
    assert finding.overlap.endswith("given first")
    assert finding.answer
    assert done.leaking == ["case-7"]


def test_an_answer_in_a_passage_is_counted_and_no_leak(audit_of):
    done = audit_of([QUESTION_7], ["Colchicine treats an attack of gout."])
    assert done.searched[0].answers == 1
    assert not done.findings


def test_a_rationale_is_found_by_its_words(audit_of):
    (finding,) = audit_of([QUESTION_7], [f"Notes. {REASONING}"]).findings
    assert finding.measures == ("rationale",)
    assert finding.overlap.startswith("swollen joint and raised")


@pytest.mark.parametrize(
    ("metadata", "marked"),
    [
        (mark(QUESTION_7), True),
        ({QUESTION: "case-7"}, True),
        ({QUESTION: "case-8"}, False),
        ({QUESTION: "case-7", DIGEST: mark(Question("case-7", "Another question of the same id?"))[DIGEST]}, False),
        ({QUESTION: "1", DIGEST: mark(QUESTION_7)[DIGEST]}, True),
    ],
    ids=["both", "its id", "another's id", "its id on another's words", "its words under another id"],
)
def test_a_passage_marked_with_the_question_is_found_whatever_it_says(audit_of, metadata, marked):
    done = audit_of([QUESTION_7], [passage("notes.jsonl", "Anything at all.", **metadata)])
    assert [finding.measures for finding in done.findings] == ([("marked",)] if marked else [])


def test_the_gold_document_leaks_only_when_that_is_asked_for(audit_of):
    passages = [passage("gout.md", f"{VIGNETTE} Colchicine.")]
    done = audit_of([QUESTION_7], passages)
    assert (done.leaking, done.leaking_passages) == ([], {})
    assert done.as_json()["measures"]["exact"] == {"questions": 0, "share": 0.0, "texts": 0, "only_in_gold": 1}
    assert audit_of([QUESTION_7], passages, gold=True).leaking == ["case-7"]


def test_wording_that_many_texts_share_is_no_leak_until_it_is_the_whole_question(audit_of):
    stock = "Which of the following is the most appropriate next step in the management of this patient?"
    question = Question("q", f"A man has a cough. {stock}")
    passages = [f"Case {n}. A woman number {n} has a rash. {stock}" for n in range(11)]
    assert audit_of([question], passages[:10]).findings
    assert not audit_of([question], passages).findings
    repeated = [f"Copy {n}. {question.text}" for n in range(11)]
    assert {finding.measures for finding in audit_of([question], repeated).findings} == {("exact", "normalised", "near")}


def test_an_n_gram_counts_from_the_coverage_that_is_asked_for(audit_of):
    half = " ".join(VIGNETTE.split()[:18])
    (finding,) = audit_of([QUESTION_7], [half]).findings
    assert 0.2 < finding.coverage < 0.5
    assert not audit_of([QUESTION_7], [half], coverage=0.5).findings


def test_training_questions_are_looked_through_with_their_answers_and_rationales():
    train = QuestionSet("train", (Question("t1", VIGNETTE, OPTIONS, "B"), Question("t2", "Why?", answer=REASONING)))
    done = audit(QuestionSet("dev", (QUESTION_7,)), [training_texts(train)], Settings())
    assert {finding.text: finding.measures for finding in done.findings} == {
        "t1": ("exact", "normalised", "ngram", "near"),
        "t2": ("rationale",),
    }


@pytest.mark.parametrize(
    "question", [Question("q", ""), Question("q", "…"), Question("q", "Why?")], ids=["empty", "dots", "one word"]
)
def test_a_question_with_hardly_a_word_does_no_harm(audit_of, question):
    assert len(audit_of([question], ["One thing.", ""]).findings) == 0
    assert not audit_of([question], []).findings


def test_a_stretch_as_long_as_the_question_is_compared():
    question = words(VIGNETTE)
    padded = [*"before it stand other words".split(), *question, *"and others behind".split()]
    assert similarity(question, padded) == 1.0
    assert similarity(question, question[:-3]) == pytest.approx((len(question) - 5) / (len(question) - 2))
    assert similarity(question[:12], question) == 0.0  # too short to be compared


def test_memory_does_not_grow_with_the_texts():
    questions = QuestionSet("asked", tuple(Question(str(n), f"{VIGNETTE} Case {n}.") for n in range(20)))
    sizes = []
    for count in (300, 2000):
        texts = lambda count=count: (Text(str(n), f"Page {n}. " + "The knee hurts a lot. " * 12) for n in range(count))  # noqa: E731
        where = Texts("training", "texts", count, texts, lambda ids: iter(()))
        tracemalloc.start()
        audit(questions, [where], Settings())
        sizes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert sizes[1] < sizes[0] + 200_000
