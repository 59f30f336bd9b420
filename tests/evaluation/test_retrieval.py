"""Documents ranked by their best passage: measures, TREC runs, BEIR folders."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from jmlr_cli.contracts.values import Hit, Passage
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.beir import is_beir, read_beir, read_queries
from jmlr_cli.evaluation.documents import best_documents, rank_documents
from jmlr_cli.evaluation.retrieval import evaluate_retrieval, gold_measures, retrieval_measures
from jmlr_cli.evaluation.trec import write_trec_run

SCIFACT = Path(__file__).resolve().parents[3] / "shared" / "data" / "scifact"


def hits(*documents: str) -> list[Hit]:
    """A hit for each document's passage, with scores that fall from 1."""
    return [Hit(n + 1, 1 - n / 100, Passage(f"{name}-{n}", name, "", "text", n)) for n, name in enumerate(documents)]


class Searcher:
    """Finds passages in a fixed order for each query, and remembers how many were asked for."""

    def __init__(self, **found: list[Hit]) -> None:
        self.found = found
        self.asked: list[tuple[tuple[str, ...], int]] = []

    def __call__(self, texts, k):
        self.asked.append((tuple(texts), k))
        return [self.found[text][:k] for text in texts]


def test_a_document_stands_where_its_best_passage_stands():
    assert best_documents(hits("a", "a", "b", "a", "c")) == [("a", 1.0), ("b", 0.98), ("c", 0.96)]


def test_more_passages_are_asked_for_until_there_are_enough_documents():
    search = Searcher(many=hits("a", "a", "a", "a", "b", "c"), few=hits("d", "e", "f"), all=hits("g"))
    rankings = rank_documents(search, {"1": "many", "2": "few", "3": "all"}, depth=2)
    assert {id: [name for name, _ in ranking] for id, ranking in rankings.items()} == {
        "1": ["a", "b"],
        "2": ["d", "e"],
        "3": ["g"],
    }
    assert search.asked == [(("many", "few", "all"), 2), (("many",), 4), (("many",), 8)]


def test_measures_are_means_over_the_queries_that_have_a_relevant_document():
    search = Searcher(one=hits("x", "a"), two=hits("b"))
    qrels = {"1": {"a": 1}, "2": {"b": 1, "c": 1}, "3": {"d": 0}}
    names = ["nDCG@1", "nDCG@10", "R@1", "R@10", "RR"]
    measures = evaluate_retrieval(search, {"1": "one", "2": "two", "3": "three", "4": "four"}, qrels, names)
    assert list(measures) == names
    assert measures["R@1"] == pytest.approx((0 + 0.5) / 2)
    assert measures["R@10"] == pytest.approx((1 + 0.5) / 2)
    assert measures["RR"] == pytest.approx((0.5 + 1) / 2)
    assert measures["nDCG@1"] == pytest.approx(0.5)


JUDGED = {"a": 2, "b": 1, "c": 0, "d": 1, "e": -1}


def of_one(ranked: list[str], *names: str) -> list[float]:
    """Measures of one query, judged by :data:`JUDGED`. All scores are equal: the order given counts."""
    found = retrieval_measures({"q": [(document, 0.0) for document in ranked]}, {"q": JUDGED}, names)
    return [found[name] for name in names]


def test_ndcg_has_linear_gain_and_a_negative_grade_counts_as_nothing():
    # DCG@3 = 2/log2(3); ideal = 2/log2(2) + 1/log2(3) + 1/log2(4)
    ideal = 2 + 1 / math.log2(3) + 0.5
    found = of_one(["c", "a", "x", "b"], "nDCG@3", "nDCG@10")
    assert found == pytest.approx([2 / math.log2(3) / ideal, (2 / math.log2(3) + 1 / math.log2(5)) / ideal])
    assert of_one(["a", "b", "d"], "nDCG@10") == [1]
    assert of_one(["e"], "nDCG@10") == [0]


def test_recall_and_reciprocal_rank_count_grades_above_0():
    assert of_one(["c", "e", "a", "b"], "R@3", "R@4", "RR") == pytest.approx([1 / 3, 2 / 3, 1 / 3])
    assert of_one(["c", "e"], "RR") == [0]


def test_gold_documents_are_measured_by_the_rank_of_their_first_passage():
    assert gold_measures([1, 4, 0]) == pytest.approx(
        {"nDCG@10": (1 + 1 / math.log2(5)) / 3, "R@1": 1 / 3, "R@5": 2 / 3, "R@20": 2 / 3, "RR": 1.25 / 3, "n": 3}
    )
    assert gold_measures([0]) == {"nDCG@10": 0, "R@1": 0, "R@5": 0, "R@20": 0, "RR": 0, "n": 1}
    assert gold_measures([]) == {}


def test_queries_that_nobody_judged_cannot_be_measured():
    with pytest.raises(InputError, match="no query has a relevant document"):
        evaluate_retrieval(Searcher(), {"1": "one"}, {"2": {"a": 1}})


def test_a_trec_run_has_six_columns_whatever_the_ids_hold(tmp_path):
    path = tmp_path / "run.txt"
    write_trec_run(path, {"q 1": [("acute abdomen.txt", 1.5), ("b", 0.1234567891)], "q2": []}, "joint 13b")
    assert path.read_text() == "q%201 Q0 acute%20abdomen.txt 1 1.5 joint%2013b\nq%201 Q0 b 2 0.123456789 joint%2013b\n"


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A folder with two queries, of which dev judges both and train one."""
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d1", "title": "", "text": "one"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q1", "text": "first"}\n{"_id": "q2", "text": "second", "metadata": {}}\n')
    (tmp_path / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq2\td1\t1\n")
    (tmp_path / "qrels" / "dev.tsv").write_text("q1\td1\t2\r\nq2\td1\t0\r\n")
    return tmp_path


def test_a_beir_folder_is_known_and_read_with_its_best_split(beir):
    assert is_beir(beir)
    data = read_beir(beir)
    assert (data.name, data.split, data.corpus) == (beir.name, "dev", beir / "corpus.jsonl")
    assert data.queries == {"q1": "first", "q2": "second"}
    assert data.qrels == {"q1": {"d1": 2}, "q2": {"d1": 0}}


def test_a_split_of_a_beir_folder_has_its_judged_queries_alone(beir):
    data = read_beir(beir, "train")
    assert (data.queries, data.qrels) == ({"q2": "second"}, {"q2": {"d1": 1}})


def test_a_folder_without_judgements_is_no_beir_folder(beir):
    assert not is_beir(beir / "qrels")
    with pytest.raises(InputError, match="has no test split") as caught:
        read_beir(beir, "test")
    assert caught.value.hint == "It holds: dev, train."


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("q1\td1", "train.tsv, line 2"),
        ("q1\td1\tyes", "train.tsv, line 2"),
        ("q9\td1\t1", "judges 1 queries that queries.jsonl lacks"),
    ],
)
def test_wrong_judgements_are_named(beir, line, sentence):
    (beir / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{line}\n")
    with pytest.raises(InputError) as caught:
        read_beir(beir, "train")
    assert sentence in str(caught.value)


def test_queries_may_be_questions_and_may_lack_ids(tmp_path):
    path = tmp_path / "queries.jsonl"
    path.write_text('{"id": 7, "question": "a"}\n{"text": "b"}\n')
    assert read_queries(path) == {"7": "a", "2": "b"}


def test_a_query_id_used_twice_is_named(tmp_path):
    path = tmp_path / "queries.jsonl"
    path.write_text('{"id": 7, "question": "a"}\n{"_id": "7", "text": "b"}\n')
    with pytest.raises(InputError, match="line 2: the query id '7' has been used before"):
        read_queries(path)


@pytest.mark.shared
@pytest.mark.skipif(not SCIFACT.is_dir(), reason="the development data is not beside the checkout")
def test_scifact_is_read():
    data = read_beir(SCIFACT)
    assert (data.split, len(data.queries)) == ("train", 505)
    assert sum(len(judged) for judged in data.qrels.values()) == 564
