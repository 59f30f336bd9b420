"""The index on disk: whole or absent, incremental, one writer at a time."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
import tracemalloc
from dataclasses import replace

import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage, passage_id
from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import folder_checksums
from jmlr_cli.index.build import build_index
from jmlr_cli.index.manifest import read_manifest, write_manifest
from jmlr_cli.index.open import open_index
from jmlr_cli.index.rerank import rerank
from jmlr_cli.lock import writing

BM25 = RetrieverConfig(plugin="bm25")


# BM25 gives a word that stands in half of the passages no weight, so a handful more stand beside those of a test
OTHERS = ("sixth figure", "seventh seal", "eighth note", "ninth wave", "tenth muse")


def passages(*texts: str) -> list[Passage]:
    return [Passage(passage_id("d", "", text), "d", "", text, n) for n, text in enumerate(texts)]


def build(folder, *texts, config=BM25):
    return build_index(folder, make_retriever(config), passages(*texts, *OTHERS), 400)


def found(folder, query, k=9):
    return [hit.passage.text for hit in open_index(folder, make_retriever).search([query], k)[0]]


def test_what_was_indexed_is_found(tmp_path):
    build(tmp_path / "x", "malaria fever", "gout colchicine", "scabies permethrin")
    assert found(tmp_path / "x", "gout", 1) == ["gout colchicine"]


def test_a_second_build_counts_what_changed(tmp_path):
    build(tmp_path / "x", "one apple", "two pears", "three plums")
    change = build(tmp_path / "x", "two pears", "three plums", "four figs", "five dates")
    assert (change.added, change.unchanged, change.removed) == (2, 2 + 5, 1)
    assert found(tmp_path / "x", "figs", 1) == ["four figs"]
    assert "one apple" not in found(tmp_path / "x", "apple")


def test_nothing_changed_makes_no_new_generation(tmp_path):
    first = build(tmp_path / "x", "one apple", "two pears").manifest
    again = build(tmp_path / "x", "one apple", "two pears")
    assert (again.added, again.unchanged, again.removed) == (0, 2 + 5, 0)
    assert again.manifest == first


def test_only_the_current_generation_stays_on_disk(tmp_path):
    for text in ("a b", "c d", "e f"):
        build(tmp_path / "x", text, "always here")
    assert [path.name for path in (tmp_path / "x" / "generations").iterdir()] == [read_manifest(tmp_path / "x").generation]


def test_a_retriever_of_other_options_is_the_one_that_searches_from_then_on(tmp_path):
    build(tmp_path / "x", "one apple apple", "two pears")
    before = open_index(tmp_path / "x", make_retriever).search(["apple"], 1)[0][0].score
    change = build(tmp_path / "x", "one apple apple", "two pears", config=RetrieverConfig(plugin="bm25", options={"k1": 0.1}))
    assert change.manifest.options == {"k1": 0.1}
    assert open_index(tmp_path / "x", make_retriever).search(["apple"], 1)[0][0].score != before


def test_another_retriever_encodes_everything_anew(tmp_path, encoder):
    build(tmp_path / "x", "one apple", "two pears")
    change = build(tmp_path / "x", "one apple", "two pears", config=RetrieverConfig(plugin="dense", checkpoint=str(encoder)))
    assert (change.added, change.unchanged) == (2 + 5, 0)
    assert read_manifest(tmp_path / "x").retriever == "dense"


def test_a_reader_of_the_old_generation_goes_on_while_a_new_one_is_committed(tmp_path):
    build(tmp_path / "x", "one apple", "two pears")
    reader = open_index(tmp_path / "x", make_retriever)
    build(tmp_path / "x", "two pears", "three plums")
    assert reader.search(["apple"], 1)[0][0].passage.text == "one apple"
    assert found(tmp_path / "x", "plums", 1) == ["three plums"]


def test_two_writers_exclude_each_other(tmp_path):
    with writing(tmp_path / "x"), pytest.raises(InputError, match="another process is writing 'x'"):
        build(tmp_path / "x", "one apple")


def test_a_disk_without_locks_is_written_without(tmp_path, monkeypatch):
    def refuse(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    build(tmp_path / "x", "one apple")
    assert found(tmp_path / "x", "apple", 1) == ["one apple"]


def test_a_retriever_that_fails_leaves_the_old_index(tmp_path):
    build(tmp_path / "x", "one apple")

    class Failing(type(make_retriever(BM25))):
        def update(self, *arguments, **more):
            raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        build_index(tmp_path / "x", Failing(BM25), passages("two pears"), 400)
    assert found(tmp_path / "x", "apple", 1) == ["one apple"]
    build(tmp_path / "x", "two pears")
    assert len(list((tmp_path / "x" / "generations").iterdir())) == 1


def endless_build(folder):
    texts = (f"word{n} text" for n in range(200_000))
    build_index(folder, make_retriever(BM25), passages(*texts), 400)


def test_a_killed_build_leaves_the_old_index(tmp_path):
    build(tmp_path / "x", "one apple")
    process = multiprocessing.get_context("spawn").Process(target=endless_build, args=(tmp_path / "x",))
    process.start()
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "x" / "generations").iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert found(tmp_path / "x", "apple", 1) == ["one apple"]
    assert build(tmp_path / "x", "one apple", "two pears").unchanged == 1 + 5
    assert len(list((tmp_path / "x" / "generations").iterdir())) == 1


def test_every_file_of_a_generation_is_covered_by_a_checksum(tmp_path):
    build(tmp_path / "x", "one apple", "two pears")
    (generation,) = (tmp_path / "x" / "generations").iterdir()
    files = [path for path in generation.rglob("*") if path.is_file()]
    assert {path.relative_to(generation).as_posix() for path in files} == set(read_manifest(tmp_path / "x").checksums)
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(DamagedError, match=path.name):
            open_index(tmp_path / "x", make_retriever)
        path.write_bytes(content)
    assert found(tmp_path / "x", "apple", 1) == ["one apple"]


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1, 2", b'{"schema_version": "jmlr.manifest/99"}', b"\xff\xfe"])
def test_a_damaged_manifest_is_named_and_mended_by_indexing_again(tmp_path, damage):
    build(tmp_path / "x", "one apple")
    (tmp_path / "x" / "manifest.json").write_bytes(damage)
    with pytest.raises(DamagedError, match="'x' is damaged"):
        open_index(tmp_path / "x", make_retriever)
    build(tmp_path / "x", "one apple")
    assert found(tmp_path / "x", "apple", 1) == ["one apple"]


def test_a_missing_generation_is_damage(tmp_path):
    build(tmp_path / "x", "one apple")
    shutil.rmtree(tmp_path / "x" / "generations")
    with pytest.raises(DamagedError):
        open_index(tmp_path / "x", make_retriever)


def test_a_passage_keeps_its_metadata_and_place(tmp_path):
    passage = replace(passages("one apple")[0], title="Fruit", metadata={"source": "a farm"})
    build_index(tmp_path / "x", make_retriever(BM25), [passage], 400)
    index = open_index(tmp_path / "x", make_retriever)
    (kept,) = index.of_document("d")
    assert (kept.id, kept.title, dict(kept.metadata)) == (passage.id, "Fruit", {"source": "a farm"})
    assert index.of_document("unknown") == []


def test_a_retriever_gets_passages_in_the_order_of_their_ids_as_often_as_it_asks(tmp_path, overlap):
    given: dict[str, list[list[str]]] = {}

    class Asking(overlap):
        def build(self, passages, into, progress=lambda *_: None):
            given["build"] = [[passage.id for passage in passages] for _ in range(2)]
            assert len(passages) == len(given["build"][0])
            super().build(passages, into, progress)

        def update(self, old, into, added, removed, progress=lambda *_: None):
            given["update"] = [[passage.id for passage in added] for _ in range(2)]
            super().update(old, into, added, removed, progress)

    texts = [f"text {n}" for n in range(40)]
    build_index(tmp_path / "x", Asking(), passages(*texts[:25]), 400)
    build_index(tmp_path / "x", Asking(), passages(*texts[5:]), 400)
    assert given["build"] == [sorted(passage.id for passage in passages(*texts[:25]))] * 2
    assert given["update"] == [sorted(passage.id for passage in passages(*texts[25:]))] * 2


def test_the_passages_of_an_index_never_lie_in_memory_all_at_once(tmp_path, overlap):
    class Forgetful(overlap):
        def build(self, passages, into, progress=lambda *_: None):
            self.count = sum(1 for _ in passages)
            (into / "words.json").write_text("{}")

    text = "word " * 200
    many = (Passage(passage_id("d", "", str(n)), f"d{n}", "", f"{n} {text}", 0) for n in range(20_000))
    retriever = Forgetful()
    tracemalloc.start()
    build_index(tmp_path / "x", retriever, many, 400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert retriever.count == 20_000
    assert peak < 1_000_000


def test_two_passages_of_one_id_are_refused_and_leave_the_old_index(tmp_path):
    build(tmp_path / "x", "one apple")
    twice = [replace(passage, document=document) for document in "ab" for passage in passages("two pears")]
    with pytest.raises(sqlite3.IntegrityError):
        build_index(tmp_path / "x", make_retriever(BM25), twice, 400)
    assert found(tmp_path / "x", "apple", 1) == ["one apple"]
    assert len(list((tmp_path / "x" / "generations").iterdir())) == 1


@pytest.mark.parametrize("change", [{"metadata": {"source": "b"}}, {"position": 7}])
def test_new_metadata_or_another_place_makes_a_generation_without_encoding(tmp_path, overlap, change):
    passage = replace(passages("one apple")[0], metadata={"source": "a"})
    build_index(tmp_path / "x", overlap(), [passage], 400)
    retriever = overlap()
    made = build_index(tmp_path / "x", retriever, [replace(passage, **change)], 400)
    assert (made.added, made.unchanged, retriever.encoded) == (0, 1, [])
    (kept,) = open_index(tmp_path / "x", lambda config: overlap(config)).of_document("d")
    assert (dict(kept.metadata), kept.position) == (change.get("metadata", {"source": "a"}), change.get("position", 0))


def test_a_rebuild_encodes_everything_anew(tmp_path, overlap):
    retriever = overlap()
    build_index(tmp_path / "x", retriever, passages("one apple", "two pears"), 400)
    change = build_index(tmp_path / "x", retriever, passages("one apple", "two pears"), 400, rebuild=True)
    assert (change.added, change.unchanged, retriever.calls) == (2, 0, ["build", "build"])
    assert len(list((tmp_path / "x" / "generations").iterdir())) == 1


def test_an_index_whose_passages_are_kept_in_the_first_layout_is_updated(tmp_path, overlap):
    old = build_index(tmp_path / "x", overlap(), passages("one apple", "two pears"), 400).manifest
    file = tmp_path / "x" / "generations" / old.generation / "passages.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "ALTER TABLE passages RENAME TO now;"
            "CREATE TABLE passages (id TEXT PRIMARY KEY, document TEXT NOT NULL, position INTEGER NOT NULL,"
            " title TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL) WITHOUT ROWID;"
            "INSERT INTO passages SELECT * FROM now; DROP TABLE now;"
        )
    connection.close()
    write_manifest(tmp_path / "x", old.model_copy(update={"checksums": folder_checksums(file.parent)}))
    change = build_index(tmp_path / "x", overlap(), passages("two pears", "three plums"), 400)
    assert (change.added, change.unchanged, change.removed) == (1, 1, 1)


def test_attached_passages_are_ranked_without_an_index():
    given = passages("gout colchicine", "malaria fever", "nothing here")
    assert rerank(make_retriever(BM25), "malaria", given)[0].passage.text == "malaria fever"
    assert len(rerank(make_retriever(BM25), "malaria", given)) == 3
    assert rerank(make_retriever(BM25), "malaria", []) == []
