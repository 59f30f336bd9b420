"""Many token vectors: compressed, built piece by piece, resumed, shared between processes, updated."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import faiss
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from jmlr_cli.contracts.progress import silent
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import DamagedError
from jmlr_cli.files import folder_checksums
from jmlr_plugins.retrievers.colbert import build as token_build
from jmlr_plugins.retrievers.colbert import inverted_lists
from jmlr_plugins.retrievers.colbert.build import TokenBuild
from jmlr_plugins.retrievers.colbert.centroids import apportioned
from jmlr_plugins.retrievers.colbert.codebook import Codebook
from jmlr_plugins.retrievers.colbert.codebook_training import train_codebook
from jmlr_plugins.retrievers.colbert.compressed_index import CODEBOOK, CompressedIndex
from jmlr_plugins.retrievers.colbert.shifts import mean_of_each
from jmlr_plugins.retrievers.colbert.token_index import TokenIndex
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors
from jmlr_plugins.retrievers.storage import pieces
from jmlr_plugins.retrievers.storage.pieces import FinishedError, Pieces, Share
from jmlr_plugins.retrievers.storage.rows import read_array

DIM, TOPICS = 32, 60
RNG = np.random.default_rng(0)
CENTRES = RNG.standard_normal((TOPICS, DIM))


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def passages_of(*numbers):
    """The vectors of some passages, one after the other, and how many each has."""
    each = [token_vectors(number) for number in numbers]
    return np.concatenate(each), np.array([len(one) for one in each])


def token_vectors(number: int, spread: float = 0.15) -> np.ndarray:
    """The vectors of passage ``number``: always the same, around a few of the topics' centres."""
    rng = np.random.default_rng(number)
    topics = rng.choice(TOPICS, 5)[rng.integers(0, 5, rng.integers(20, 40))]
    return unit(unit(CENTRES[topics]) + spread * rng.standard_normal((len(topics), DIM)))


def passage(number: int) -> Passage:
    return Passage(id=f"p{number:04d}", document="d", title="", text=str(number), position=number)


def encode(texts, progress):
    return [token_vectors(int(text)) for text in texts]


def build(into: Path, numbers, old=None, removed=(), encode=encode, share=Share(), keep_up_to=0):  # noqa: B008
    """An index of the passages ``numbers`` on top of ``old``, opened."""
    into.mkdir(exist_ok=True)
    before = TokenIndex.empty() if old is None else old
    kept = before.rows.kept({passage(number).id for number in removed})
    at = Pieces(into / "pieces", share)
    numbers = sorted(numbers)
    work = TokenBuild(at, encode, keep_up_to, before, kept)
    work.run([passage(number) for number in numbers], into, silent)
    if share.is_first:
        at.finish()
        return CompressedIndex(into, 16, 128) if (into / CODEBOOK).exists() else TokenIndex.read(into)
    return None


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 50)
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # several builds run side by side here, and their threads would wait for each other
    faiss.omp_set_num_threads(1)
    yield
    torch.set_num_threads(before)
    faiss.omp_set_num_threads(before)


@pytest.fixture(scope="module")
def queries():
    """Thirty questions of eight tokens, near the tokens of thirty passages."""
    rng = np.random.default_rng(1)
    rows = [unit(token_vectors(number)[:8] + 0.1 * rng.standard_normal((8, DIM))) for number in range(30)]
    return TokenVectors(torch.from_numpy(np.stack(rows)), torch.ones(30, 8, dtype=torch.bool))


def ids(found):
    return [[match.passage_id for match in matches] for matches in found]


def test_a_code_takes_two_bits_a_dimension_and_decodes_to_nearly_the_vector():
    vectors, lengths = passages_of(*range(300))
    book = train_codebook(vectors.copy(), lengths, 100)
    codes = book.encode(vectors, lengths)
    decoded = book.decode(codes)
    assert (codes.bytes.shape[1], codes.bytes.dtype, codes.centroids.dtype) == (DIM // 4 + 1, np.uint8, np.uint16)
    assert (vectors * decoded).sum(1).mean() > 0.95
    nearest = book.centroids.vectors[codes.centroids]
    assert ((vectors - decoded) ** 2).sum(1).mean() < 0.3 * ((vectors - nearest) ** 2).sum(1).mean()


@pytest.mark.parametrize("dim", [2, 6, 30])
def test_any_width_of_vectors_can_be_compressed(dim):
    vectors, lengths = unit(np.random.default_rng(0).standard_normal((600, dim))), np.full(20, 30)
    book = train_codebook(vectors.copy(), lengths, 20)
    assert (vectors * book.decode(book.encode(vectors, lengths))).sum(1).mean() > 0.9


def test_a_passage_near_its_centroid_is_coded_as_well_for_its_distance_as_one_far_off():
    distances = np.repeat([0.05, 0.5], 2000)[:, None]
    vectors = unit(unit(CENTRES[0]) + distances * unit(np.random.default_rng(0).standard_normal((4000, DIM))))
    lengths = np.full(100, 40)
    book = train_codebook(vectors.copy(), lengths, 1)
    codes = book.encode(vectors, lengths)
    missed = ((vectors - book.decode(codes)) ** 2).sum(1)
    rest = ((vectors - book.centroids.vectors[codes.centroids]) ** 2).sum(1)
    near, far = (missed[each].sum() / rest[each].sum() for each in (slice(2000), slice(2000, None)))
    assert near < 0.1
    assert far < 0.1


def test_what_the_tokens_of_a_passage_have_in_common_is_kept_apart_from_their_codes():
    rng = np.random.default_rng(0)
    own = rng.standard_normal((200, 1, DIM)) * 0.2
    vectors = unit(unit(CENTRES[rng.integers(0, TOPICS, (200, 40))]) + own + 0.1 * rng.standard_normal((200, 40, DIM)))
    vectors, lengths = vectors.reshape(-1, DIM), np.full(200, 40)
    book = train_codebook(vectors.copy(), lengths, TOPICS)
    with_shifts = book.encode(vectors, lengths)
    means = mean_of_each(vectors - book.centroids.vectors[with_shifts.centroids], lengths)
    assert np.abs(book.shift(with_shifts.shifts) - means).mean() < 0.02 * np.abs(means).mean()
    apart = train_codebook(vectors.copy(), np.ones(len(vectors), dtype=int), TOPICS)
    assert with_shifts.error < 0.75 * apart.encode(vectors, np.ones(len(vectors), dtype=int)).error


def test_the_error_of_codes_is_that_of_what_they_decode_to():
    vectors, lengths = passages_of(*range(300))
    book = train_codebook(vectors.copy(), lengths, 100)
    codes = book.encode(vectors, lengths)
    assert codes.error == pytest.approx(((vectors - book.decode(codes)) ** 2).sum(), rel=1e-4)


def test_a_codebook_of_another_format_is_not_misread(tmp_path):
    path = tmp_path / CODEBOOK
    train_codebook(*passages_of(*range(60)), 20).write(path)
    arrays = load_file(path)
    before = {name: array for name, array in arrays.items() if name not in ("gains", "rotation")}
    save_file(before, path)
    with pytest.raises(DamagedError, match=r"codebook.*gains|codebook.*rotation"):
        Codebook.read(path)


def test_compressed_search_finds_what_exact_search_finds(tmp_path, queries):
    exact = build(tmp_path / "exact", range(600), keep_up_to=1 << 20)
    compressed = build(tmp_path / "compressed", range(600))
    assert isinstance(exact, TokenIndex)
    scores = [{match.passage_id: match.score for match in matches} for matches in exact.search(queries, 600)]
    found, best = ids(compressed.search(queries, 10)), ids(exact.search(queries, 10))
    assert [one[0] for one in found] == [one[0] for one in best]
    reached, possible = (
        [sum(score[one] for one in some) for score, some in zip(scores, each, strict=True)] for each in (found, best)
    )
    assert np.mean(np.divide(reached, possible)) > 0.98


def test_scores_are_maxsim_with_the_decoded_vectors(tmp_path, queries):
    index = build(tmp_path / "x", range(100))
    for row in (0, 57):
        decoded = torch.from_numpy(index.codebook.decode(index.codes_of(np.array([row]))))
        expected = (queries.vectors[3] @ decoded.T).max(1).values.sum().item()
        scores = {match.passage_id: match.score for match in index.search(queries, 100)[3]}
        assert scores[index.rows.ids[row]] == pytest.approx(expected, abs=1e-4)


def test_passages_beyond_a_block_of_lists_are_found(tmp_path, monkeypatch, queries):
    in_one = build(tmp_path / "one", range(600))
    monkeypatch.setattr(inverted_lists, "BLOCK", 128)
    in_five = build(tmp_path / "five", range(600))
    assert len(read_array(tmp_path / "five" / "list_starts.npy")) == 5 * len(in_five.codebook.centroids) + 1
    assert read_array(tmp_path / "five" / "lists.npy").max() < 128
    assert in_five.search(queries, 10) == in_one.search(queries, 10)


def test_more_than_are_probed_can_be_asked_for(tmp_path, queries):
    index = build(tmp_path / "x", range(300))
    assert [len(set(found)) for found in ids(index.search(queries, 1000))] == [300] * 30


def test_a_filter_gives_the_best_among_those_it_passes(tmp_path, queries):
    index = build(tmp_path / "x", range(600))
    only = {passage(number).id for number in range(0, 600, 3)}
    for all_found, found in zip(ids(index.search(queries, 600)), ids(index.search(queries, 5, only)), strict=True):
        assert set(found) <= only
        best = [one for one in all_found if one in only][:5]
        assert len(set(found) & set(best)) >= 4


def test_as_many_vectors_are_kept_as_they_are_as_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(token_build, "SAMPLE", 6000)
    assert isinstance(build(tmp_path / "all", range(400), keep_up_to=10**9), TokenIndex)
    assert isinstance(build(tmp_path / "more", range(400), keep_up_to=8000), CompressedIndex)


@pytest.mark.parametrize("count", [10, 257, 65536])
def test_there_are_never_more_centroids_than_can_be_numbered(count):
    for seed in range(20):
        cells = round(count**0.5)
        numbers = apportioned(count, np.random.default_rng(seed).dirichlet(np.ones(cells)))
        assert sum(numbers) <= count
        assert min(numbers) >= 1
        assert sum(numbers) > 0.9 * count - cells


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("after", [1, 4, 7, 11])
def test_an_interrupted_build_goes_on_to_the_same_bytes(tmp_path, monkeypatch, after):
    monkeypatch.setattr(token_build, "SAMPLE", 6000)  # a few pieces of about 1500 tokens
    build(tmp_path / "whole", range(600))
    encoded = []

    def failing(texts, progress):
        if len(encoded) == after:
            raise Interrupted
        encoded.append(len(texts))
        return encode(texts, progress)

    with pytest.raises(Interrupted):
        build(tmp_path / "x", range(600), encode=failing)
    rest = []
    build(tmp_path / "x", range(600), encode=lambda texts, progress: rest.append(len(texts)) or encode(texts, progress))
    assert sum(encoded) + sum(rest) == 600
    assert folder_checksums(tmp_path / "x") == folder_checksums(tmp_path / "whole")


def test_what_a_process_that_is_gone_should_have_encoded_is_encoded_by_the_first(tmp_path):
    build(tmp_path / "alone", range(300))
    build(tmp_path / "left alone", range(300), share=Share(0, 3))
    assert folder_checksums(tmp_path / "left alone") == folder_checksums(tmp_path / "alone")


def test_a_process_that_comes_after_the_end_leaves_the_finished_index_as_it_is(tmp_path):
    build(tmp_path / "x", range(100))
    before = folder_checksums(tmp_path / "x")
    with pytest.raises(FinishedError):
        build(tmp_path / "x", range(100), share=Share(1, 2))
    assert folder_checksums(tmp_path / "x") == before
    assert not (tmp_path / "x" / "pieces").exists()


@pytest.mark.parametrize("processes", [2, 5])
def test_the_bytes_do_not_depend_on_how_many_processes_encode(tmp_path, monkeypatch, processes):
    monkeypatch.setattr(token_build, "SAMPLE", 6000)
    build(tmp_path / "alone", range(600))
    (tmp_path / "shared").mkdir()
    counts = [0] * processes

    def work(rank):
        def counted(texts, progress):
            counts[rank] += len(texts)
            return encode(texts, progress)

        with suppress(FinishedError):
            build(tmp_path / "shared", range(600), encode=counted, share=Share(rank, processes))

    threads = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) >= 600  # the first process may do what another is still at
    assert min(counts) > 0
    assert folder_checksums(tmp_path / "shared") == folder_checksums(tmp_path / "alone")


CHANGES = st.lists(st.tuples(st.sets(st.integers(0, 399), max_size=60), st.sets(st.integers(0, 399), max_size=60)), max_size=4)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES, start=st.sets(st.integers(0, 399), min_size=150, max_size=250))
def test_after_any_changes_the_files_are_those_of_a_build_with_the_same_codebook(tmp_path_factory, changes, start):
    at = tmp_path_factory.mktemp("changes")
    index, held = build(at / "first", start), set(start)
    for number, (removed, added) in enumerate(changes):
        index = build(at / str(number), added - held, index, held & removed - added)
        held = (held - (removed - added)) | added
    emptied = build(at / "emptied", [], index, held)
    build(at / "afresh", held, emptied)
    last = at / str(len(changes) - 1) if changes else at / "first"
    written, expected = folder_checksums(last), folder_checksums(at / "afresh")
    assert {name: sum_ for name, sum_ in written.items() if name != "fit.json"} == {
        name: sum_ for name, sum_ in expected.items() if name != "fit.json"
    }


def test_a_small_index_that_grows_is_compressed_from_then_on(tmp_path, queries):
    small = build(tmp_path / "small", range(100), keep_up_to=5000)
    grown = build(tmp_path / "grown", range(100, 400), small, keep_up_to=5000)
    assert (type(small), type(grown)) == (TokenIndex, CompressedIndex)
    assert sorted(ids(grown.search(queries, 400))[0]) == [passage(number).id for number in range(400)]
    assert grown.fit.added_tokens == 0


def test_an_index_is_advised_to_be_built_anew_only_when_what_was_added_does_not_fit(tmp_path):
    index = build(tmp_path / "x", range(400))
    alike = build(tmp_path / "alike", range(400, 500), index)
    assert alike.fit.advice is None

    def other(texts, progress):
        return [unit(np.random.default_rng(int(text)).standard_normal((30, DIM))) for text in texts]

    strange = build(tmp_path / "strange", range(500, 600), index, encode=other)
    assert "build it anew" in strange.fit.advice


def test_all_passages_can_go_and_come_back(tmp_path, queries):
    index = build(tmp_path / "x", range(200))
    empty = build(tmp_path / "empty", [], index, range(200))
    assert empty.search(queries, 5) == [[]] * 30
    again = build(tmp_path / "again", range(200), empty)
    assert ids(again.search(queries, 5)) == ids(index.search(queries, 5))


@pytest.mark.parametrize(
    "name", ["codes.npy", "centroids.npy", "shifts.npy", "lists.npy", "list_starts.npy", CODEBOOK, "fit.json", "lengths.npy"]
)
def test_a_file_that_is_cut_short_is_named(tmp_path, name):
    build(tmp_path / "x", range(200))
    path = tmp_path / "x" / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DamagedError, match=name.split(".")[0]):
        CompressedIndex(tmp_path / "x", 16, 128)


def test_at_most_forty_bytes_a_token_at_the_usual_width():
    vectors = unit(np.random.default_rng(0).standard_normal((2000, 128)))
    codes = train_codebook(vectors.copy(), np.full(100, 20), 20).encode(vectors[:20], np.array([20]))
    codebook_bytes = 128 / token_build.TOKENS_PER_CENTROID
    passage_in_list = 2
    shift = codes.shifts[0].nbytes / 20
    assert codes.bytes[0].nbytes + codes.centroids[0].nbytes + shift + codebook_bytes + passage_in_list <= 40
