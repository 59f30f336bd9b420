"""BM25: rank_bm25's scores from an inverted file."""

from __future__ import annotations

import json
import tempfile
from math import log2
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage
from jmlr_plugins.retrievers.bm25 import BM25Retriever
from jmlr_plugins.retrievers.words import singular, tokenizer

SCIFACT = Path(__file__).resolve().parents[3] / "shared" / "data" / "scifact"
texts = st.lists(
    st.lists(st.sampled_from("aspirin gout x fever é 42".split()), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8
)


def bm25(**options: object) -> BM25Retriever:
    return BM25Retriever(RetrieverConfig(plugin="bm25", options=options))


def numbered(contents: list[str]) -> list[Passage]:
    return [Passage(f"{n:03d}", "d", "", text, 0) for n, text in enumerate(contents)]


def scores(one: BM25Retriever, query: str, count: int) -> list[float]:
    found = {match.passage_id: match.score for match in one.search([query], count)[0]}
    return [found[f"{n:03d}"] for n in range(count)]


@settings(max_examples=60, deadline=None)
@given(texts, st.lists(st.sampled_from("aspirin gout fever é unheard".split()), max_size=5).map(" ".join))
def test_scores_are_those_of_rank_bm25(contents, query):
    one = bm25(stopwords="none", stemmer="none", k1=1.2, b=0.6, epsilon=0.3)
    with tempfile.TemporaryDirectory() as folder:
        one.build(numbered(contents), Path(folder))
        one.open(Path(folder))
    library = BM25Okapi([text.split() for text in contents], k1=1.2, b=0.6, epsilon=0.3)
    assert scores(one, query, len(contents)) == pytest.approx(library.get_scores(query.split()).tolist(), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(texts, texts, st.sets(st.integers(0, 7)))
def test_an_update_is_exactly_a_fresh_build(first, later, gone):
    old, removed = numbered(first), {f"{n:03d}" for n in gone}
    new = [Passage(f"n{n}", "d", "", text, 0) for n, text in enumerate(later)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("old", "updated", "fresh")]
        for path in paths:
            path.mkdir()
        bm25().build(old, paths[0])
        bm25().update(paths[0], paths[1], new, removed)
        bm25().build([p for p in old if p.id not in removed] + new, paths[2])
        for name in sorted(path.name for path in paths[2].iterdir()):
            assert (paths[1] / name).read_bytes() == (paths[2] / name).read_bytes()


def test_words_are_lower_case_runs_of_letters_and_digits_in_any_script():
    words = tokenizer("none", "none")
    assert words("Beta-blockers, 2.5 MG; Ménière's ДОЗА!") == ["beta", "blockers", "2", "5", "mg", "ménière", "s", "доза"]


def test_function_words_and_plural_endings_go_by_default():
    assert tokenizer("english", "s")("The therapies of these diseases") == ["therapy", "disease"]


@pytest.mark.parametrize(
    ("word", "stem"),
    {
        "therapies": "therapy",
        "diseases": "disease",
        "drugs": "drug",
        "virus": "virus",
        "abscess": "abscess",
        "toes": "toes",
    }.items(),
)
def test_the_s_stemmer_follows_its_first_fitting_rule(word, stem):
    assert singular(word) == stem


def test_a_passage_without_any_word_of_the_query_scores_the_unmatched_score(tmp_path):
    one = bm25()
    one.build(numbered(["gout", "croup", "fever"]), tmp_path)
    one.open(tmp_path)
    found = one.search(["gout"], 3)[0]
    assert found[0].score > 0
    assert [match.score for match in found[1:]] == [BM25Retriever.unmatched_score] * 2


def test_the_weighting_can_change_without_a_new_index():
    assert bm25(k1=1.2, b=0.5).fingerprint == bm25().fingerprint
    assert bm25(stemmer="none").fingerprint != bm25().fingerprint


@pytest.mark.shared
@pytest.mark.skipif(not SCIFACT.exists(), reason="the SciFact development data is not beside the checkout")
def test_scifact_is_ranked_well(tmp_path):
    relevant: dict[str, set[str]] = {}
    for line in (SCIFACT / "qrels" / "train.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split()
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(document)
    one, text = bm25(), {record["_id"]: record["text"] for record in records("queries.jsonl")}
    one.build((Passage(r["_id"], r["_id"], r["title"], r["text"], 0) for r in records("corpus.jsonl")), tmp_path)
    one.open(tmp_path)
    found = one.search([text[query] for query in relevant], 10)
    values = [ndcg([m.passage_id in relevant[q] for m in f], len(relevant[q])) for q, f in zip(relevant, found, strict=True)]
    assert sum(values) / len(values) > 0.8


def records(name: str) -> list[dict]:
    return [json.loads(line) for line in (SCIFACT / name).read_text().splitlines()]


def ndcg(hits: list[bool], relevant: int) -> float:
    gain = sum(hit / log2(rank + 1) for rank, hit in enumerate(hits, start=1))
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(relevant, len(hits)) + 1))
