"""The index of a dense retriever: chosen by size or by a factory string, exact scores, updates that leave no trace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import folder_checksums
from jmlr_plugins.retrievers.dense.factory import FLAT_UP_TO, HNSW_UP_TO, chosen_factory
from jmlr_plugins.retrievers.dense.index import DenseIndex
from jmlr_plugins.retrievers.dense.writer import DenseWriter

WIDTH = 16
STRUCTURES = ["HNSW16,SQ8", "IVF8,PQ4x4np", "PCAR12,IVF8,SQ8", "SQ8", "IVF8_HNSW8,Flat", "L2norm,Flat"]


def clustered(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors around twenty centres: (count, WIDTH)."""
    centres, draw = np.random.default_rng(0).standard_normal((20, WIDTH)), np.random.default_rng(seed + 1)
    vectors = centres[draw.integers(0, 20, count)] + 0.8 * draw.standard_normal((count, WIDTH))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def name(number: int) -> str:
    """A passage id; ids do not sort as their numbers do."""
    return f"{(number * 7919) % 10007:05d}"


def write(into: Path, numbers: Iterable[int], vectors: NDArray[np.float32], factory: str, chunk: int = 100) -> Path:
    """The index of the passages with these numbers, made in chunks."""
    into.mkdir(exist_ok=True)
    numbers = list(numbers)
    with DenseWriter(into, factory) as writer:
        for start in range(0, len(numbers), chunk):
            some = numbers[start : start + chunk]
            writer.add([name(number) for number in some], vectors[some])
    return into


def exact(queries: NDArray[np.float32], vectors: NDArray[np.float32], k: int, numbers: Iterable[int]) -> list[list[str]]:
    """The ids of the ``k`` best of the passages with these numbers, by comparing all."""
    kept = np.array(list(numbers))
    scores = queries.astype(np.float64) @ vectors[kept].T.astype(np.float64)
    return [[name(kept[place]) for place in np.argsort(-row)[:k]] for row in scores]


def recall(found, expected) -> float:
    """The share of the expected ids that were found."""
    pairs = list(zip(found, expected, strict=True))
    return sum(len({m.passage_id for m in got} & set(want)) for got, want in pairs) / sum(len(want) for _, want in pairs)


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return clustered(3000)


@pytest.fixture(scope="module")
def queries() -> NDArray[np.float32]:
    return clustered(40, seed=1)


@pytest.mark.parametrize(
    ("count", "factory"),
    [
        (1, "Flat"),
        (FLAT_UP_TO, "Flat"),
        (FLAT_UP_TO + 1, "HNSW32,SQ8"),
        (HNSW_UP_TO + 1, "IVF4096,PQ48x8np"),
        (54_000_000, "IVF32768,PQ48x8np"),
    ],
)
def test_more_passages_get_an_index_that_needs_less_of_each(count, factory):
    assert chosen_factory("auto", count, 384) == factory
    assert chosen_factory("SQ8", count, 384) == "SQ8"


@pytest.mark.parametrize("width", [384, 768, 1024, 100, 7, 1])
def test_what_auto_chooses_is_made_by_faiss_for_any_width(width):
    for count in (FLAT_UP_TO + 1, HNSW_UP_TO + 1):
        assert faiss.index_factory(width, chosen_factory("auto", count, width), faiss.METRIC_INNER_PRODUCT).d == width


def test_a_small_index_is_exact_and_holds_its_vectors_once(vectors, queries, tmp_path):
    at = write(tmp_path / "index", range(3000), vectors, "auto")
    found = DenseIndex(at).search(queries, 10)
    assert recall(found, exact(queries, vectors, 10, range(3000))) == 1
    assert sum(path.stat().st_size for path in at.iterdir()) < 1.2 * vectors.nbytes


@pytest.mark.parametrize("factory", STRUCTURES)
def test_any_factory_string_makes_an_index_that_finds_the_best_and_scores_them_exactly(factory, vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(3000), vectors, factory))
    found = index.search(queries, 10)
    assert index.factory == factory
    assert recall(found, exact(queries, vectors, 10, range(3000))) > 0.95
    by_id = {name(number): vectors[number].astype(np.float64) for number in range(3000)}
    for query, matches in zip(queries, found, strict=True):
        assert [m.score for m in matches] == pytest.approx([float(by_id[m.passage_id] @ query) for m in matches], abs=1e-12)
        assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)


@pytest.mark.parametrize("factory", ["Flat", *STRUCTURES])
def test_a_batch_of_queries_finds_what_each_finds_alone(factory, vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(3000), vectors, factory))
    assert index.search(queries, 10) == [index.search(query[None], 10)[0] for query in queries]


@pytest.mark.parametrize("factory", ["Flat", "HNSW16,SQ8", "IVF8,PQ4x4np"])
def test_more_than_there_are_gives_every_passage_once(factory, vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(300), vectors, factory), nprobe=1)
    found = [m.passage_id for m in index.search(queries[:1], 5000)[0]]
    assert sorted(found) == sorted(name(number) for number in range(300))


@pytest.mark.parametrize("factory", ["Flat", "HNSW16,SQ8", "IVF8,PQ4x4np"])
def test_equal_vectors_come_in_the_order_of_their_ids(factory, vectors, tmp_path):
    alike = np.concatenate([vectors[:500], np.repeat(vectors[:1], 30, axis=0)])
    index = DenseIndex(write(tmp_path / "index", range(530), alike, factory))
    found = [m.passage_id for m in index.search(vectors[:1], 8)[0]]
    assert found == sorted(name(number) for number in [0, *range(500, 530)])[:8]


# -- a search kept to some passages


@pytest.mark.parametrize("factory", ["Flat", *STRUCTURES])
@pytest.mark.parametrize("share", [3, 2999])
def test_a_search_kept_to_some_passages_finds_the_best_of_those(factory, share, vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(3000), vectors, factory))
    some = range(0, 3000, share)
    found = index.search(queries, 10, only={name(number) for number in some} | {"not there"})
    expected = exact(queries, vectors, 10, some)
    assert [[m.passage_id for m in matches] for matches in found] == expected


@pytest.mark.parametrize("factory", STRUCTURES)
def test_many_chosen_passages_are_searched_through_the_structure(factory, vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(3000), vectors, factory), exact_up_to=0)
    some = range(0, 3000, 2)
    found = index.search(queries, 10, only={name(number) for number in some})
    assert {len(matches) for matches in found} == {10}
    assert {m.passage_id for matches in found for m in matches} <= {name(number) for number in some}
    assert recall(found, exact(queries, vectors, 10, some)) > 0.95


def test_a_structure_that_lists_too_few_chosen_passages_is_helped_out(vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(3000), vectors, "IVF64,SQ8"), nprobe=1, exact_up_to=0)
    far = [row.argmin() for row in queries @ vectors.T]
    found = index.search(queries, 1, only={name(far[0]), name(far[1])})
    assert {len(matches) for matches in found} == {1}


def test_no_chosen_passage_gives_no_hit(vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(50), vectors, "Flat"))
    assert index.search(queries[:2], 5, only=set()) == [[], []]


# -- what is told and set


def test_probing_more_lists_finds_more(vectors, queries, tmp_path):
    at = write(tmp_path / "index", range(3000), vectors, "IVF128,SQ8")
    expected = exact(queries, vectors, 10, range(3000))
    few, more, every = (recall(DenseIndex(at, nprobe=nprobe).search(queries, 10), expected) for nprobe in (1, None, 500))
    assert few < more < every == 1


def test_a_wider_search_of_a_graph_finds_more(vectors, queries, tmp_path):
    at = write(tmp_path / "index", range(3000), vectors, "HNSW2,SQ8")
    expected = exact(queries, vectors, 1, range(3000))
    narrow, wide = (recall(DenseIndex(at, ef_search=ef).search(queries, 1), expected) for ef in (None, 3000))
    assert narrow < wide


def test_settings_of_a_search_leave_the_fingerprint_and_the_factory_changes_it(retriever):
    plain = retriever("dense")
    assert retriever("dense", nprobe=4, ef_search=99).fingerprint == plain.fingerprint
    assert retriever("dense", index_factory="HNSW32,SQ8").fingerprint != plain.fingerprint


def test_a_retriever_builds_and_searches_the_index_that_its_options_name(retriever, built, passages, tmp_path, ids):
    one = built(retriever("dense", index_factory="HNSW8,SQ8", ef_search=32), passages, tmp_path / "index")
    assert (tmp_path / "index" / "index.faiss").exists()
    content, some = passages[3].content, {p.id for p in passages[5:9]}
    assert ids(one.search([content], 2)[0])[0] == passages[3].id
    assert set(ids(one.search([content], 9, only=some)[0])) == some


def test_a_string_that_faiss_cannot_read_is_refused_before_anything_is_encoded():
    with pytest.raises(InputError, match=r"retriever\.options\.index_factory") as caught:
        make_retriever(RetrieverConfig(plugin="dense", options={"index_factory": "FLATT"}))
    assert "'FLATT'" in str(caught.value)


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("PQ7", "should be a multiple"),
        ("PCA32,Flat", "cannot output 32"),
        ("HNSW16_PQ8", "inner product"),
        ("IVF0,Flat", "no inverted lists"),
    ],
)
def test_a_factory_that_does_not_fit_is_told_in_one_sentence(factory, reason, vectors, tmp_path):
    with pytest.raises(InputError, match=reason) as caught:
        write(tmp_path / "index", range(50), vectors, factory)
    assert "index_factory" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert ".cpp" not in str(caught.value)
    assert caught.value.hint


def test_too_few_passages_to_learn_from_are_compared_one_by_one(vectors, queries, tmp_path):
    index = DenseIndex(write(tmp_path / "index", range(50), vectors, "IVF256,PQ4x8np"))
    assert index.factory == "Flat"
    assert recall(index.search(queries, 5), exact(queries, vectors, 5, range(50))) == 1


# -- files


def test_an_index_of_no_passages_finds_nothing_and_can_grow(vectors, queries, tmp_path):
    empty = write(tmp_path / "empty", [], vectors, "auto")
    assert DenseIndex(empty).search(queries[:2], 3) == [[], []]
    (tmp_path / "grown").mkdir()
    with DenseWriter(tmp_path / "grown") as writer:
        writer.keep(empty, set())
        writer.add([name(0)], vectors[:1])
    assert folder_checksums(tmp_path / "grown") == folder_checksums(write(tmp_path / "one", [0], vectors, "auto"))


def test_what_an_interrupted_writer_left_is_written_over(vectors, tmp_path):
    at = tmp_path / "index"
    write(at, range(600), vectors, "HNSW16,SQ8")
    interrupted = DenseWriter(at, "Flat").__enter__()
    interrupted.add([name(number) for number in range(9)], vectors[:9])
    interrupted.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    write(at, range(600), vectors, "Flat")
    assert folder_checksums(at) == folder_checksums(write(tmp_path / "afresh", range(600), vectors, "Flat"))


@pytest.mark.parametrize("file", ["vectors.npy", "index.faiss", "layout.json", "ids.json"])
@pytest.mark.parametrize(
    "damage", [lambda content: content[: len(content) // 2], lambda content: b"?" * 100, lambda content: b""]
)
def test_a_damaged_file_is_told(file, damage, vectors, tmp_path):
    at = write(tmp_path / "index", range(600), vectors, "IVF8,SQ8")
    (at / file).write_bytes(damage((at / file).read_bytes()))
    with pytest.raises(DamagedError) as caught:
        DenseIndex(at)
    assert caught.value.hint


def test_a_structure_of_other_vectors_is_told(vectors, tmp_path):
    one, other = (write(tmp_path / str(count), range(count), vectors, "SQ8") for count in (60, 61))
    (other / "index.faiss").replace(one / "index.faiss")
    (other / "layout.json").replace(one / "layout.json")
    with pytest.raises(DamagedError, match="61"):
        DenseIndex(one)


CHANGES = st.lists(st.tuples(st.sets(st.integers(0, 399), max_size=200), st.sets(st.integers(0, 399), max_size=200)), max_size=4)


@pytest.mark.parametrize("factory", ["auto", "HNSW8,SQ8", "IVF4,PQ4x4np"])
@settings(max_examples=12, deadline=None)
@given(changes=CHANGES)
def test_any_sequence_of_updates_leaves_the_bytes_of_a_fresh_build(factory, changes):
    vectors, held = clustered(400), set(range(0, 400, 2))
    with tempfile.TemporaryDirectory() as folder:
        at = write(Path(folder) / "0", held, vectors, factory)
        for step, (come, go) in enumerate(changes, start=1):
            added = sorted(come - held)
            into = Path(folder) / str(step)
            into.mkdir()
            with DenseWriter(into, factory) as writer:
                writer.keep(at, {name(number) for number in go})
                writer.add([name(number) for number in added], vectors[added])
            held, at = (held - go) | set(added), into
        afresh = write(Path(folder) / "afresh", sorted(held, key=name), vectors, factory, chunk=33)
        assert folder_checksums(at) == folder_checksums(afresh)
