"""What every retriever plugin must do, whatever it is inside."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import folder_checksums

QUERIES = ["adrenaline for anaphylaxis", "破傷風 Столбняк", "sumatriptan early in a migraine attack", "", "?!", "lactate " * 700]
MEMBERS = [{"plugin": "bm25"}, {"plugin": "dense", "options": {"precision": "float32"}}]


FULL = {"precision": "float32"}
KINDS = {
    "bm25": {},
    "dense": {},
    "colbert": {},
    "colbert, compressed": {"keep_up_to": 0},
    "hybrid": {"retrievers": MEMBERS},
    "rerank": FULL,
    "qdrant": {"encoder_options": FULL},
    "qdrant, dense": {"encoder": "dense", "encoder_options": FULL},
}
ALIKE = {"query_length": 0, "query_marker": "[unused1]", "mask_punctuation": False}


@pytest.fixture(params=KINDS)
def kind(request, monkeypatch):
    if request.param.startswith("qdrant"):
        pytest.importorskip("qdrant_client")
    monkeypatch.setattr("jmlr_plugins.retrievers.token_build.LEAST", 0)
    return request.param


@pytest.fixture
def create(kind, retriever, cross_encoder_folder):
    """Makes a new retriever of one kind, the same each time."""
    own = {"checkpoint": cross_encoder_folder} if kind == "rerank" else {}
    return lambda **more: retriever(kind.split(",")[0], **KINDS[kind] | own | more)


@pytest.fixture
def create_alike(kind, create):
    """The same, but one that encodes a question as it does a passage: even random weights then find a text by itself."""
    if kind == "rerank":
        pytest.skip("an untrained cross-encoder may prefer any passage")
    if kind == "qdrant":
        return lambda: create(encoder_options=ALIKE | FULL)
    return lambda: create(**ALIKE if kind.startswith("colbert") else {})


def test_a_passage_is_found_by_its_own_words(create_alike, built, passages, tmp_path, ids):
    found = built(create_alike(), passages, tmp_path / "index").search([one.content for one in passages[:6]], 3)
    assert [ids(matches)[0] for matches in found] == [one.id for one in passages[:6]]


def test_the_best_come_first_and_no_more_than_asked(create, built, passages, tmp_path):
    one = built(create(), passages, tmp_path / "index")
    for k in (0, 1, 5):
        for matches in one.search(QUERIES, k):
            assert len(matches) <= k
            assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)


def test_more_than_there_are_gives_each_passage_once(create, built, passages, tmp_path, ids):
    found = built(create(), passages, tmp_path / "index").search(["what treats migraine?"], 1000)[0]
    assert sorted(ids(found)) == [one.id for one in passages]


def test_a_batch_of_queries_gives_what_each_gives_alone(create, built, passages, tmp_path, assert_same):
    one = built(create(), passages, tmp_path / "index")
    assert_same(one.search(QUERIES, 5), [one.search([query], 5)[0] for query in QUERIES])


def test_no_queries_give_no_lists(create, built, passages, tmp_path):
    assert built(create(), passages, tmp_path / "index").search([], 3) == []


def test_updating_equals_building_afresh_and_leaves_the_old_files_alone(kind, create, built, passages, tmp_path, assert_same):
    old, new = tmp_path / "old", tmp_path / "new"
    built(create(), passages[:9], old)
    before = folder_checksums(old)
    new.mkdir()
    updated = create()
    updated.update(old, new, iter(passages[9:]), {passages[1].id, passages[4].id})
    updated.open(new)
    if kind == "colbert, compressed":  # keeps the codebook of its first build: test_token_build.py compares with that
        assert len(updated.search(QUERIES[:1], 50)[0]) == len(passages) - 2
        assert folder_checksums(old) == before
        return
    afresh = built(create(), [one for n, one in enumerate(passages) if n not in (1, 4)], tmp_path / "afresh")
    assert_same(updated.search(QUERIES, 50), afresh.search(QUERIES, 50))
    assert folder_checksums(old) == before


def test_all_passages_can_go_and_others_come(create_alike, built, passages, tmp_path, ids):
    built(create_alike(), passages[:3], tmp_path / "full")
    one = create_alike()
    for name in ("empty", "full again"):
        (tmp_path / name).mkdir()
    one.update(tmp_path / "full", tmp_path / "empty", [], {p.id for p in passages[:3]})
    one.open(tmp_path / "empty")
    assert one.search(["gout", ""], 5) == [[], []]
    one.update(tmp_path / "empty", tmp_path / "full again", passages[2:4], set())
    one.open(tmp_path / "full again")
    assert ids(one.search([passages[2].content], 5)[0])[0] == passages[2].id


def test_another_process_reads_the_same_from_the_files(create, built, passages, tmp_path, assert_same):
    writer, reader = built(create(), passages, tmp_path / "index"), create()
    reader.open(tmp_path / "index")
    assert_same(reader.search(QUERIES, 12), writer.search(QUERIES, 12), tolerance=0)


def test_building_twice_writes_the_same_bytes_and_nothing_pickled(create, built, passages, tmp_path):
    for name in ("one", "two"):
        built(create(), passages, tmp_path / name)
    assert folder_checksums(tmp_path / "one") == folder_checksums(tmp_path / "two")
    written = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert {path.suffix for path in written} <= {".json", ".npy", ".faiss", ".safetensors", ".sqlite"}


def test_equal_passages_come_in_the_order_of_their_ids(kind, create, built, passages, tmp_path, ids):
    twins = [replace(passages[0], id=name) for name in ("z", "a", "m")]
    found = built(
        create(**{"depth": 2} if kind == "rerank" else {}), [twins[0], *passages[1:], *twins[1:]], tmp_path / "index"
    ).search([passages[0].content], 2)[0]
    assert ids(found) == ["a", "m"]


def test_progress_counts_every_passage_once(create, passages, tmp_path):
    steps = []
    create().build(iter(passages), tmp_path, lambda advance, total=None: steps.append(advance))
    assert sum(steps) == len(passages)


def test_the_fingerprint_depends_on_content_not_on_place(create, encoder_folder, tmp_path):
    copy = shutil.copytree(encoder_folder, tmp_path / "elsewhere")
    assert create().fingerprint == create(checkpoint=copy).fingerprint


def test_a_damaged_index_says_so(create, built, passages, tmp_path):
    built(create(), passages, tmp_path / "index")
    for path in (tmp_path / "index").rglob("ids.json"):
        path.write_text('["p000"]')
    with pytest.raises(DamagedError) as caught:
        create().open(tmp_path / "index")
    assert caught.value.hint
