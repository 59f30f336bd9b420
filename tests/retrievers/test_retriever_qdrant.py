"""An index on qdrant: through the client's engine in memory, and through a server that answers its requests over HTTP."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError, InputError, MissingError
from jmlr_cli.index.build import build_index
from jmlr_cli.index.open import open_index
from jmlr_plugins.retrievers.qdrant import requests
from jmlr_plugins.retrievers.qdrant.build import ServerBuild, check
from jmlr_plugins.retrievers.qdrant.connection import Server
from jmlr_plugins.retrievers.qdrant.files import Place
from jmlr_plugins.retrievers.qdrant.requests import Storage
from jmlr_plugins.retrievers.storage.pieces import FinishedError, Share

qdrant_client = pytest.importorskip("qdrant_client", reason="needs the extra qdrant")
models = pytest.importorskip("qdrant_client.models")

QUERIES = ["adrenaline for anaphylaxis", "sumatriptan early in a migraine attack", "lactate", ""]
EXACT = {"precision": "float32"}


# -- a server: HTTP in front of the client's own engine


def _create(engine: Any, name: str, body: Any) -> Any:
    engine.create_collection(name, models.CreateCollection(**body).vectors)
    return True


def _upsert(engine: Any, name: str, body: Any) -> Any:
    return engine.upsert(name, models.PointsList(**body).points)


def _query(engine: Any, name: str, body: Any) -> Any:
    return engine.query_batch_points(name, models.QueryRequestBatch(**body).searches)


def _filter(body: Any) -> Any:
    return models.Filter(**body["filter"])


ROUTES: dict[tuple[str, str], Callable[[Any, str, Any], Any]] = {
    ("PUT", ""): _create,
    ("DELETE", ""): lambda engine, name, body: engine.delete_collection(name),
    ("GET", "/exists"): lambda engine, name, body: {"exists": engine.collection_exists(name)},
    ("PUT", "/index"): lambda engine, name, body: {"operation_id": 0, "status": "completed"},
    ("PUT", "/points"): _upsert,
    ("POST", "/points/payload"): lambda engine, name, body: engine.set_payload(name, body["payload"], body["points"]),
    ("POST", "/points/payload/delete"): lambda engine, name, body: engine.delete_payload(name, body["keys"], _filter(body)),
    ("POST", "/points/delete"): lambda engine, name, body: engine.delete(name, models.FilterSelector(filter=_filter(body))),
    ("POST", "/points/count"): lambda engine, name, body: engine.count(name, _filter(body)),
    ("POST", "/points/query/batch"): _query,
}


class QdrantServer(ThreadingHTTPServer):
    """Answers the requests that the plugin makes. ``failing`` names a request that fails, such as "PUT /points"."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.engine, self.turn = qdrant_client.QdrantClient(":memory:"), threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.key, self.failing, self.delay = "", "", 0.0
        self.seen: list[tuple[str, Any]] = []

    @property
    def collections(self) -> list[str]:
        """The names of its collections."""
        return [each.name for each in self.engine.get_collections().collections]

    def answer(self, method: str, path: str, key: str, body: Any) -> tuple[int, Any]:
        """The status of a request and its answer."""
        name, rest = re.fullmatch(r"/collections/([^/?]+)([^?]*)(?:\?.*)?", path).groups()
        self.seen.append((f"{method} {rest}", body))
        time.sleep(self.delay)
        if self.key and key != self.key:
            return 401, {"status": {"error": "Must provide an API key"}}
        if f"{method} {rest}" == self.failing:
            return 500, {"status": {"error": "disk is full"}}
        try:
            with self.turn:
                result = ROUTES[method, rest](self.engine, name, body)
        except ValueError as error:
            return (404 if "not found" in str(error) else 400), {"status": {"error": str(error)}}
        return 200, {"result": result, "status": "ok", "time": 0.0}


class Requests(BaseHTTPRequestHandler):
    """Reads a request as JSON and writes what the server answers."""

    server: QdrantServer

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def _answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        status, answer = self.server.answer(self.command, self.path, self.headers.get("api-key", ""), body)
        content = json.dumps(answer, default=lambda model: model.model_dump(mode="json")).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST = do_DELETE = do_GET = _answer


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    running = QdrantServer()
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def on_server(retriever, server):
    """``on_server(encoder)``: a new retriever on the server."""

    def create(encoder: str = "dense", **options: Any):
        own = {"url": server.url, "encoder": encoder, "encoder_options": EXACT} | options
        return retriever("qdrant", **own)

    return create


def updated(one: Any, old: Path, into: Path, added: Sequence[Passage], removed: set[str]) -> Any:
    """The retriever, with what the update wrote opened."""
    into.mkdir(exist_ok=True)
    one.update(old, into, iter(added), removed)
    one.open(into)
    return one


# -- searching


@pytest.mark.parametrize("encoder", ["dense", "colbert"])
@pytest.mark.parametrize("where", ["memory", "server"])
def test_qdrant_finds_what_the_encoder_s_own_index_finds(
    encoder, where, retriever, server, built, passages, tmp_path, assert_same
):
    url = server.url if where == "server" else None
    one = built(retriever("qdrant", url=url, encoder=encoder, encoder_options=EXACT), passages, tmp_path / "qdrant")
    own = built(retriever(encoder), passages, tmp_path / "own")
    some = {p.id for p in passages[2:9]} | {"not there"}
    assert_same(one.search(QUERIES, 5), own.search(QUERIES, 5), tolerance=2e-3)
    assert_same(one.search(QUERIES, 5, only=some), own.search(QUERIES, 5, only=some), tolerance=2e-3)
    assert one.search(QUERIES, 5, only=set()) == [[]] * len(QUERIES)
    assert one.search(QUERIES, 0) == [[]] * len(QUERIES)


def test_requests_of_any_size_are_split_and_their_answers_joined(
    on_server, built, passages, tmp_path, assert_same, monkeypatch, server
):
    one, some = on_server("colbert"), {p.id for p in passages[1:11]}
    whole = built(one, passages, tmp_path / "whole").search(QUERIES, 4), one.search(QUERIES, 4, only=some)
    few = len(server.seen)
    monkeypatch.setattr(requests, "AT_ONCE", 64 * 30)
    monkeypatch.setattr(requests, "IDS_AT_ONCE", 3)
    split = built(one, passages, tmp_path / "split").search(QUERIES, 4), one.search(QUERIES, 4, only=some)
    for left, right in zip(whole, split, strict=True):
        assert_same(left, right)
    assert len(server.seen) > 3 * few


@pytest.mark.parametrize("encoder", ["dense", "colbert"])
def test_many_equal_passages_come_in_the_order_of_their_ids(encoder, on_server, built, passages, tmp_path, ids):
    twins = [replace(passages[0], id=f"{(n * 37) % 100:02d}") for n in range(60)]
    found = built(on_server(encoder), [*twins, *passages[1:]], tmp_path / "index").search([passages[0].content], 5)[0]
    assert ids(found) == sorted(twin.id for twin in twins)[:5]
    assert len({match.score for match in found}) == 1


@pytest.mark.filterwarnings("ignore:Local mode performs exact")
def test_settings_of_storage_and_search_reach_the_server(on_server, built, passages, tmp_path, server):
    options = {"shards": 4, "replicas": 2, "on_disk": True, "datatype": "float16", "quantization": "scalar"}
    one = built(on_server("colbert", collection="ward", hnsw_ef=300, **options), passages, tmp_path / "index")
    one.search(["gout"], 3)
    created = next(body for request, body in server.seen if request == "PUT ")
    assert (created["shard_number"], created["replication_factor"]) == (4, 2)
    assert created["quantization_config"]["scalar"]["type"] == "int8"
    vectors = created["vectors"]
    assert (vectors["on_disk"], vectors["datatype"], vectors["distance"]) == (True, "float16", "Dot")
    assert vectors["multivector_config"] == {"comparator": "max_sim"}
    assert server.seen[-1][1]["searches"][0]["params"]["hnsw_ef"] == 300
    assert server.collections[0].startswith("ward-")


# -- generations


def test_readers_of_the_old_generation_go_on_while_and_after_the_next_is_written(
    on_server, built, passages, tmp_path, assert_same, server
):
    reader = built(on_server(), passages[:8], tmp_path / "old")
    before = reader.search(QUERIES, 12)
    new = updated(on_server(), tmp_path / "old", tmp_path / "new", passages[8:], {p.id for p in passages[:3]})
    assert_same(reader.search(QUERIES, 12), before)
    again = on_server()
    again.open(tmp_path / "old")
    assert_same(again.search(QUERIES, 12), before)
    afresh = built(on_server(), passages[3:], tmp_path / "afresh")
    assert_same(new.search(QUERIES, 12), afresh.search(QUERIES, 12))
    assert len(server.collections) == 2  # the updated one, and the fresh build's


@pytest.mark.parametrize("failing", ["PUT /points", "POST /points/payload", "POST /points/count"])
def test_an_update_that_breaks_off_changes_nothing_and_the_next_one_is_whole(
    failing, on_server, built, passages, tmp_path, assert_same, server
):
    reader = built(on_server(), passages[:8], tmp_path / "old")
    before = reader.search(QUERIES, 12)
    server.failing = failing
    with pytest.raises(MissingError, match="disk is full"):
        updated(on_server(), tmp_path / "old", tmp_path / "broken", passages[8:], {passages[0].id, passages[1].id})
    server.failing = ""
    assert_same(reader.search(QUERIES, 12), before)
    other = updated(on_server(), tmp_path / "old", tmp_path / "other", passages[10:], {passages[1].id})
    afresh = built(on_server(), [passages[0], *passages[2:8], *passages[10:]], tmp_path / "afresh")
    assert_same(other.search(QUERIES, 12), afresh.search(QUERIES, 12))


def test_an_update_that_broke_off_goes_on_without_encoding_again(on_server, built, passages, tmp_path, server):
    built(on_server(), passages[:8], tmp_path / "old")
    server.failing = "POST /points/payload"
    with pytest.raises(MissingError):
        updated(on_server(), tmp_path / "old", tmp_path / "new", passages[8:], {passages[0].id})
    server.failing, seen = "", len(server.seen)
    one = updated(on_server(), tmp_path / "old", tmp_path / "new", passages[8:], {passages[0].id})
    assert "PUT /points" not in [request for request, _ in server.seen[seen:]]
    assert {m.passage_id for m in one.search(["gout"], 50)[0]} == {p.id for p in passages[1:]}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["collection.json"]


def test_a_build_that_broke_off_goes_on_in_the_same_collection(on_server, passages, tmp_path, server):
    server.failing = "PUT /points"
    with pytest.raises(MissingError):
        on_server().build(iter(passages), tmp_path)
    server.failing = ""
    on_server().build(iter(passages), tmp_path)
    assert len(server.collections) == 1


def test_a_build_that_broke_off_begins_again_when_its_collection_is_gone(on_server, built, passages, tmp_path, server):
    server.failing = "POST /points/count"
    with pytest.raises(MissingError):
        on_server().build(iter(passages), tmp_path)
    server.failing = ""
    server.engine.delete_collection(server.collections[0])
    on_server().build(iter(passages), tmp_path)
    assert server.engine.count(Place.read(tmp_path).collection).count == len(passages)


def test_what_was_removed_two_generations_ago_leaves_the_server(on_server, built, passages, tmp_path, server):
    built(on_server(), passages, tmp_path / "0")
    for n in range(3):
        updated(on_server(), tmp_path / str(n), tmp_path / str(n + 1), [], {passages[n].id})
    assert server.engine.count(server.collections[0]).count == len(passages) - 1
    updated(on_server(), tmp_path / "3", tmp_path / "4", [passages[0]], set())
    assert Place.read(tmp_path / "4").passages == len(passages) - 2


def test_an_update_without_changes_leaves_the_server_alone(on_server, built, passages, tmp_path, server):
    built(on_server(), passages, tmp_path / "old")
    seen = len(server.seen)
    (tmp_path / "new").mkdir()
    on_server(hnsw_ef=64).update(tmp_path / "old", tmp_path / "new", [], set())
    assert len(server.seen) == seen
    assert Place.read(tmp_path / "new") == Place.read(tmp_path / "old")


class Letters:
    """Encodes a text by how often each of four letters stands in it."""

    def passage_vectors(self, texts: Sequence[str], progress: Callable[[int], None]) -> list[Any]:
        progress(len(texts))
        return [self.vector(text) for text in texts]

    @staticmethod
    def vector(text: str) -> Any:
        return np.array([text.count(letter) for letter in "abcd"], dtype=np.float32) + 0.1


def lettered(number: int) -> Passage:
    """A passage whose letters are the digits of ``number`` in base four."""
    text = "".join("abcd"[number // 4**place % 4] for place in range(6))
    return Passage(f"{number:05d}", "d", "", text, number)


def grown(server: QdrantServer, old: Path | None, into: Path, added: set[int], removed: set[int], share: Share = Share()) -> None:  # noqa: B008
    """Lay down passages by their numbers."""
    into.mkdir(exist_ok=True)
    before = None if old is None else Place.read(old)
    with suppress(FinishedError):
        build = ServerBuild(Server(server.url, "KEY", 10), "t", Storage(), share, before, into)
        build.run(Letters(), [lettered(n) for n in sorted(added)], {f"{n:05d}" for n in removed}, lambda advance: None)


def hits(server: QdrantServer, at: Path, query: str) -> list[Any]:
    place = Place.read(at)
    collection = check(Server(server.url, "KEY", 10), place)
    return collection.search([Letters.vector(query).tolist()], 12, place.generation)[0] if collection else []


BREAKS = st.sampled_from(["", "", "PUT /points", "POST /points/payload", "POST /points/count"])
STEPS = st.lists(st.tuples(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)), BREAKS), max_size=5)


@settings(max_examples=8, deadline=None)
@given(steps=STEPS)
def test_any_sequence_of_updates_some_of_them_broken_off_finds_what_a_fresh_build_finds(steps):
    running = QdrantServer()
    threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        at, held = Path(folder) / "start", set(range(0, 30, 3))
        grown(running, None, at, held, set())
        for step, (come, go, failing) in enumerate(steps):
            added, removed, into = come - held, go & held, Path(folder) / str(step)
            running.failing = failing
            try:
                grown(running, at, into, added, removed)
            except MissingError:
                continue
            at, held = into, (held | added) - removed
        running.failing = ""
        grown(running, None, Path(folder) / "afresh", held, set())
        for query in ("aab", "dddc"):
            assert hits(running, at, query) == hits(running, Path(folder) / "afresh", query)
    running.shutdown()
    running.server_close()


def test_several_processes_lay_down_what_one_does(server, tmp_path):
    numbers = set(range(1800))
    grown(server, None, tmp_path / "one", numbers, set())
    shares = [Share(rank, 3) for rank in range(3)]
    (tmp_path / "three").mkdir()
    arguments = [(server, None, tmp_path / "three", numbers, set(), share) for share in shares]
    threads = [threading.Thread(target=grown, args=each) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hits(server, tmp_path / "three", "abca") == hits(server, tmp_path / "one", "abca")
    assert Place.read(tmp_path / "three").passages == 1800
    assert [path.name for path in (tmp_path / "three").iterdir()] == ["collection.json"]


def test_the_first_process_does_what_another_one_failed_to_do(server, tmp_path):
    grown(server, None, tmp_path / "index", set(range(1100)), set(), Share(0, 2))
    assert Place.read(tmp_path / "index").passages == 1100


def test_work_is_shared_on_a_server_alone(retriever):
    assert retriever("qdrant", url="http://one:6333").take_share(1, 2)
    assert not retriever("qdrant").take_share(1, 2)


def test_the_index_room_builds_updates_and_searches_it(on_server, passages, tmp_path, server):
    build_index(tmp_path / "index", on_server("colbert"), passages[:9], 400)
    change = build_index(tmp_path / "index", on_server("colbert"), passages[3:], 400)
    assert (change.added, change.removed) == (3, 3)
    index = open_index(tmp_path / "index", make_retriever)
    assert {hit.passage.id for hit in index.search(["gout"], 50)[0]} == {p.id for p in passages[3:]}
    assert len(server.collections) == 1


# -- learning


@pytest.mark.parametrize("encoder", ["dense", "colbert"])
def test_it_learns_as_its_encoder_does(encoder, retriever, tmp_path):
    one, own = retriever("qdrant", encoder=encoder), retriever(encoder)
    texts = ["colchicine", "oxygen"]
    score = one.score(one.encode_queries(["gout"]), one.encode_passages(texts))
    torch.testing.assert_close(score, own.score(own.encode_queries(["gout"]), own.encode_passages(texts)))
    score[0, 0].backward()
    groups = one.parameter_groups(1e-3)
    assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in groups[0]["params"])
    with torch.no_grad():
        next(iter(groups[0]["params"])).mul_(1.5)
    one.save(tmp_path / "trained")
    assert retriever("qdrant", encoder=encoder, checkpoint=tmp_path / "trained").fingerprint != one.fingerprint
    asks = retriever("qdrant", encoder=encoder, query_checkpoint=str(tmp_path / "trained"))
    assert asks.fingerprint == one.fingerprint
    passages = [asks.score(asks.encode_queries([text]), asks.encode_passages([text])) for text in texts]
    assert not torch.allclose(passages[0], own.score(own.encode_queries(texts[:1]), own.encode_passages(texts[:1])), atol=1e-4)


def test_what_shapes_the_collection_is_in_the_fingerprint_and_what_only_finds_it_is_not(retriever):
    def fingerprint(**options: Any) -> str:
        return retriever("qdrant", **{"url": "http://one:6333", "encoder": "dense", **options}).fingerprint

    assert fingerprint(url="https://two:6333", timeout=5, hnsw_ef=9, api_key_env="K") == fingerprint()
    changes = [{"encoder": "colbert"}, {"encoder_options": {"pooling": "cls"}}, {"shards": 2}, {"on_disk": True}, {"url": None}]
    assert len({fingerprint(), *(fingerprint(**change) for change in changes)}) == 6


# -- what goes wrong


def test_a_server_that_is_not_there_is_told(retriever, passages, tmp_path):
    with pytest.raises(MissingError, match=r"no qdrant server answers at http://127\.0\.0\.1:9") as caught:
        retriever("qdrant", url="http://127.0.0.1:9", encoder="dense").build(passages, tmp_path)
    assert "retriever.options.url" in caught.value.hint


def test_a_wrong_key_is_told_and_the_right_one_is_taken_from_the_environment_alone(
    on_server, passages, tmp_path, server, monkeypatch, recwarn
):
    server.key = "s3cret"
    with pytest.raises(MissingError, match="refuses the key") as caught:
        on_server(api_key_env="WARD_KEY").build(passages, tmp_path)
    assert "WARD_KEY" in caught.value.hint
    monkeypatch.setenv("WARD_KEY", "s3cret")
    on_server(api_key_env="WARD_KEY").build(passages, tmp_path)
    assert "s3cret" not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert not recwarn.list


def test_a_collection_that_is_gone_or_lacks_passages_is_told(on_server, built, passages, tmp_path, server):
    built(on_server(), passages, tmp_path / "index")
    (name,) = server.collections
    server.engine.delete(name, models.PointIdsList(points=[requests.point_id(passages[0].id)]))
    with pytest.raises(DamagedError, match="has 11 of 12 passages"):
        on_server().open(tmp_path / "index")
    server.engine.delete_collection(name)
    with pytest.raises(DamagedError, match=f"{name}.* is not on the qdrant server") as caught:
        on_server().open(tmp_path / "index")
    assert caught.value.hint


def test_a_slow_server_is_told(on_server, passages, tmp_path, server):
    server.delay = 1.5
    with pytest.raises(MissingError, match="within 1 s") as caught:
        on_server(timeout=1).build(passages, tmp_path)
    assert "timeout" in caught.value.hint


def test_a_request_that_the_server_rejects_is_told_in_its_words(on_server, built, passages, tmp_path, server):
    one = built(on_server(), passages, tmp_path / "index")
    server.engine.delete_collection(server.collections[0])
    server.engine.create_collection(Place.read(tmp_path / "index").collection, models.VectorParams(size=3, distance="Dot"))
    with pytest.raises(InputError, match=r"rejects the request: .*3"):
        one.search(["gout"], 3)


def test_another_kind_of_server_is_told(on_server, passages, tmp_path, server, monkeypatch):
    monkeypatch.setattr(QdrantServer, "answer", lambda *request: (200, "<html>"))
    with pytest.raises(MissingError, match="is no qdrant server"):
        on_server().build(passages, tmp_path)


def test_a_proxy_does_not_stand_before_a_server_on_this_machine(on_server, built, passages, tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert built(on_server(), passages, tmp_path / "index").search(["gout"], 1)[0]


def test_the_extra_is_named_where_it_is_not_installed(retriever, passages, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    with pytest.raises(MissingError) as caught:
        retriever("qdrant", url="http://127.0.0.1:9", encoder="dense").build(passages, tmp_path)
    assert "jmlr[qdrant]" in caught.value.hint


@pytest.mark.parametrize("file", ["collection.json", "ids.json", "lengths.npy", "vectors.npy"])
def test_a_damaged_file_of_an_index_in_memory_is_told(file, retriever, built, passages, tmp_path):
    built(retriever("qdrant", encoder="dense"), passages, tmp_path / "index")
    (tmp_path / "index" / file).write_bytes(b"?")
    with pytest.raises(DamagedError) as caught:
        retriever("qdrant", encoder="dense").open(tmp_path / "index")
    assert caught.value.hint


@pytest.mark.parametrize(
    "options", [{"url": "localhost:6333"}, {"url": "http://me:key@host"}, {"collection": "a/b"}, {"shards": 0}]
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(InputError, match=f"retriever.options.{next(iter(options))}"):
        make_retriever(RetrieverConfig(plugin="qdrant", options=options))


def test_an_encoder_without_vectors_is_refused(retriever):
    with pytest.raises(InputError, match="'bm25' has no vectors"):
        retriever("qdrant", encoder="bm25").fingerprint  # noqa: B018 - it makes the encoder
