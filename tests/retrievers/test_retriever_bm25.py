"""BM25: rank_bm25's scores from an inverted file."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import log2
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.bm25 import inversion, word_counts
from jmlr_plugins.retrievers.bm25.contenders import contenders
from jmlr_plugins.retrievers.bm25.retriever import BM25Retriever

SCIFACT = Path(__file__).resolve().parents[3] / "shared" / "data" / "scifact"
texts = st.lists(
    st.lists(st.sampled_from("aspirin gout x fever é 42".split()), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=8
)
queries = st.lists(st.sampled_from("aspirin gout fever é unheard".split()), max_size=5).map(" ".join)


def bm25(**options: object) -> BM25Retriever:
    return BM25Retriever(RetrieverConfig(plugin="bm25", options=options))


def plain(**options: object) -> BM25Retriever:
    return bm25(stopwords="none", stemmer="none", **options)


def numbered(contents: list[str]) -> list[Passage]:
    return [Passage(f"{n:04d}", "d", "", text, 0) for n, text in enumerate(contents)]


@contextmanager
def indexed(one: BM25Retriever, contents: list[str], small: int = inversion.SMALL) -> Iterator[Path]:
    """The folder of an opened index, whose impacts are float64 up to ``small`` passages."""
    with tempfile.TemporaryDirectory() as folder, patch.object(inversion, "SMALL", small):
        one.build(numbered(contents), Path(folder))
        one.open(Path(folder))
        yield Path(folder)


def scores(one: BM25Retriever, query: str, count: int) -> list[float]:
    found = {match.passage_id: match.score for match in one.search([query], count)[0]}
    return [found[f"{n:04d}"] for n in range(count)]


def vignette(count: int, words: int, seed: int = 0) -> tuple[list[str], str]:
    """Texts over a vocabulary of Zipf's frequencies, and a question of so many words."""
    drawn, weights = random.Random(seed), [1 / (rank + 1) for rank in range(800)]
    draw = lambda size: " ".join(f"w{rank}" for rank in drawn.choices(range(800), weights, k=size))  # noqa: E731
    return [draw(drawn.randint(1, 60)) for _ in range(count)], draw(words)


# -- scores


@pytest.mark.parametrize("small", [inversion.SMALL, 0], ids=["float64", "float32"])
@settings(max_examples=50, deadline=None)
@given(contents=texts, query=queries)
def test_scores_are_those_of_rank_bm25(small, contents, query):
    library = BM25Okapi([text.split() for text in contents], k1=1.2, b=0.6, epsilon=0.3)
    one = plain(k1=1.2, b=0.6, epsilon=0.3)
    with indexed(one, contents, small):
        assert scores(one, query, len(contents)) == pytest.approx(library.get_scores(query.split()).tolist(), abs=1e-6)


@pytest.mark.parametrize("small", [inversion.SMALL, 0], ids=["float64", "float32"])
def test_the_best_for_a_long_question_are_those_of_rank_bm25(small):
    contents, query = vignette(1500, 130)
    library = BM25Okapi([text.split() for text in contents]).get_scores(query.split())
    best = np.lexsort((np.arange(len(library)), -library))
    one = plain()
    with indexed(one, contents, small):
        for k in (1, 10, 100, 1500, 5000):
            found = one.search([query], k)[0]
            assert [match.passage_id for match in found] == [f"{n:04d}" for n in best[:k]]
            assert [match.score for match in found] == pytest.approx(library[best[:k]].tolist(), abs=1e-9)


@pytest.mark.parametrize("small", [inversion.SMALL, 0], ids=["float64", "float32"])
@settings(max_examples=50, deadline=None)
@given(contents=texts, query=queries, k=st.integers(1, 9), only=st.sets(st.integers(0, 9)))
def test_a_filter_gives_the_best_of_what_passes_it(small, contents, query, k, only):
    one, allowed = plain(), {f"{n:04d}" for n in only}
    with indexed(one, contents, small):
        passing = [match for match in one.search([query], len(contents))[0] if match.passage_id in allowed]
        assert one.search([query], k, only=allowed)[0] == passing[:k]


@pytest.mark.parametrize("small", [inversion.SMALL, 0], ids=["float64", "float32"])
def test_the_weighting_can_change_without_a_new_index(small):
    contents, query = vignette(200, 40)
    library = BM25Okapi([text.split() for text in contents], k1=0.9, b=0.4, epsilon=0.5)
    as_built, changed = plain(), plain(k1=0.9, b=0.4, epsilon=0.5)
    assert changed.fingerprint == as_built.fingerprint
    with indexed(as_built, contents, small) as folder:
        changed.open(folder)
        assert scores(changed, query, 200) == pytest.approx(library.get_scores(query.split()).tolist(), abs=1e-9)


def test_a_passage_without_any_word_of_the_query_scores_the_unmatched_score():
    one = bm25()
    with indexed(one, ["gout", "croup", "fever"]):
        found = one.search(["gout"], 3)[0]
    assert found[0].score > 0
    assert [match.score for match in found[1:]] == [BM25Retriever.unmatched_score] * 2


def test_passages_of_equal_score_come_in_the_order_of_their_ids():
    one = plain()
    with indexed(one, ["gout", "fever", "croup gout", "gout", *["cough"] * 400]):
        assert [match.passage_id for match in one.search(["gout cough"], 6)[0]] == [
            "0000",
            "0003",
            "0002",
            "0004",
            "0005",
            "0006",
        ]


@settings(max_examples=200, deadline=None)
@given(
    true=st.lists(st.one_of(st.just(0.0), st.floats(-3, 9)), min_size=1, max_size=400),
    k=st.integers(1, 12),
    slack=st.sampled_from([0.0, 1e-3, 0.5]),
    seed=st.integers(0, 99),
)
def test_the_best_are_always_among_the_contenders(true, k, slack, seed):
    exact = np.array(true)
    drawn = np.random.default_rng(seed)
    off = np.where(exact == 0, 0.0, drawn.uniform(-slack, slack, len(exact)))
    order = drawn.permutation(len(exact))
    best = np.lexsort((order, -exact))[:k]
    assert set(best) <= set(contenders(exact + off, k, 2 * slack, order).tolist())


# -- files


@settings(max_examples=25, deadline=None)
@given(texts, texts, st.sets(st.integers(0, 7)))
def test_an_update_is_exactly_a_fresh_build(first, later, gone):
    old, removed = numbered(first), {f"{n:04d}" for n in gone}
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


def test_the_files_do_not_depend_on_how_much_is_counted_at_once(tmp_path, monkeypatch):
    contents, _ = vignette(60, 0)
    for name, at_once in (("whole", 1 << 20), ("pieces", 50)):
        monkeypatch.setattr(word_counts, "AT_ONCE", at_once)
        monkeypatch.setattr("jmlr_plugins.retrievers.bm25.word_counter.AT_ONCE", at_once)
        (tmp_path / name).mkdir()
        bm25().build(numbered(contents), tmp_path / name)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "pieces").iterdir())
    assert all((tmp_path / "whole" / name).read_bytes() == (tmp_path / "pieces" / name).read_bytes() for name in names)


def test_a_build_overwrites_what_an_interrupted_one_left(tmp_path):
    (tmp_path / "again").mkdir()

    def stopping() -> Iterator[Passage]:
        yield from numbered(["gout", "fever"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bm25().build(stopping(), tmp_path / "again")
    (tmp_path / "fresh").mkdir()
    for name in ("fresh", "again"):
        bm25().build(numbered(["gout", "fever", "croup"]), tmp_path / name)
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == sorted(p.name for p in (tmp_path / "fresh").iterdir())


FILES = (
    *("ids.json", "vocabulary.json", "weighting.json", "word_weights.npy"),
    *(f"{name}.npy" for name in ("passage_starts", "passage_words", "passage_counts", "passage_lengths")),
    *(f"{name}.npy" for name in ("word_starts", "word_passages", "word_impacts", "frequent_words", "frequent_impacts")),
)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_or_missing_file_says_so(name, tmp_path):
    bm25().build(numbered(["gout fever", "gout", "croup"]), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    whole = (tmp_path / name).read_bytes()
    for damage in (lambda: (tmp_path / name).write_bytes(whole[: len(whole) // 2]), lambda: (tmp_path / name).unlink()):
        damage()
        with pytest.raises(DamagedError) as caught:
            bm25().open(tmp_path)
        assert caught.value.hint


def test_files_of_two_indexes_do_not_go_together(tmp_path):
    for name, contents in (("one", ["gout fever", "gout"]), ("other", ["gout fever croup", "gout", "cough"])):
        (tmp_path / name).mkdir()
        bm25().build(numbered(contents), tmp_path / name)
    for name in FILES:
        if name not in ("weighting.json", "frequent_words.npy"):
            mixed = tmp_path / f"mixed {name}"
            mixed.mkdir()
            for file in FILES:
                (mixed / file).write_bytes((tmp_path / ("other" if file == name else "one") / file).read_bytes())
            with pytest.raises(DamagedError):
                bm25().open(mixed)


# -- quality


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
    assert sum(values) / len(values) > 0.84


def records(name: str) -> list[dict]:
    return [json.loads(line) for line in (SCIFACT / name).read_text().splitlines()]


def ndcg(hits: list[bool], relevant: int) -> float:
    gain = sum(hit / log2(rank + 1) for rank, hit in enumerate(hits, start=1))
    return gain / sum(1 / log2(rank + 1) for rank in range(1, min(relevant, len(hits)) + 1))
