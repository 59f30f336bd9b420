"""A cross-encoder over another retriever's passages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoTokenizer, BertForSequenceClassification, BertForTokenClassification

from jmlr_cli.errors import DamagedError, InputError, MissingError
from jmlr_cli.files import folder_checksums

QUERY = "what treats an attack once?"


@pytest.fixture(scope="module")
def checkpoint(encoder_folder, tmp_path_factory) -> Callable[..., Path]:
    """``checkpoint(labels)``: a tiny cross-encoder with random weights."""

    def write(labels: int, kind: type = BertForSequenceClassification) -> Path:
        folder = tmp_path_factory.mktemp("cross-encoder")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(labels)
            model = kind(AutoConfig.from_pretrained(encoder_folder, num_labels=labels))
            torch.nn.init.normal_(model.classifier.weight)
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(encoder_folder).save_pretrained(folder)
        return folder

    return write


@pytest.fixture(scope="module")
def one_label(checkpoint) -> Path:
    return checkpoint(1)


@pytest.fixture
def rerank(retriever, one_label):
    """A new re-ranker over BM25."""
    return lambda **options: retriever("rerank", **{"checkpoint": one_label, "precision": "float32"} | options)


def logits(folder: Path, query: str, text: str) -> list[float]:
    """What transformers itself makes of one pair."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), BertForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(**tokenizer(query, text, truncation=True, return_tensors="pt")).logits[0].tolist()


def test_the_score_is_the_one_logit_of_question_and_passage(rerank, one_label, built, passages, tmp_path):
    found = built(rerank(), passages, tmp_path / "index").search([QUERY], 12)[0]
    by_hand = {one.id: logits(one_label, QUERY, one.content)[0] for one in passages}
    assert {match.passage_id: match.score for match in found} == pytest.approx(by_hand, abs=1e-5)
    assert [match.passage_id for match in found] == sorted(by_hand, key=by_hand.__getitem__, reverse=True)


def test_of_two_labels_the_score_is_how_much_more_the_second_says(rerank, checkpoint, built, passages, tmp_path):
    folder = checkpoint(2)
    found = built(rerank(checkpoint=folder), passages, tmp_path / "index").search([QUERY], 12)[0]
    for match in found:
        no, yes = logits(folder, QUERY, passages[int(match.passage_id[1:])].content)
        assert match.score == pytest.approx(yes - no, abs=1e-5)


def test_only_the_best_of_the_inner_retriever_are_re_ranked(rerank, retriever, built, passages, tmp_path, ids):
    words = built(retriever("bm25"), passages, tmp_path / "words").search([QUERY], 4)[0]
    one = built(rerank(depth=4), passages, tmp_path / "index")
    found = one.search([QUERY], 2)[0]
    assert len(found) == 2
    assert {match.passage_id for match in found} <= set(ids(words))
    assert sorted(ids(one.search([QUERY], 4)[0])) == sorted(ids(words))
    assert len(one.search([QUERY], 9)[0]) == 9


def test_a_filter_reaches_the_inner_retriever(rerank, built, passages, tmp_path, ids):
    one = built(rerank(depth=2), passages, tmp_path / "index")
    assert set(ids(one.search([QUERY], 5, only={"p001", "p007", "p010"})[0])) == {"p001", "p007", "p010"}


def test_passages_of_one_text_score_alike_and_come_in_the_order_of_their_ids(rerank, built, passages, tmp_path, ids):
    twins = [replace(passages[0], id=name) for name in ("z", "a", "m")]
    one = built(rerank(depth=3, batch_size=1), [twins[0], *passages[1:], *twins[1:]], tmp_path / "index")
    found = one.search([passages[0].content], 3)[0]
    assert ids(found) == ["a", "m", "z"]
    assert len({match.score for match in found}) == 1


def test_a_question_is_scored_alike_alone_and_among_others(rerank, built, passages, tmp_path):
    one = built(rerank(), passages, tmp_path / "index")
    queries = [QUERY, "lactate " * 700, "", "gout"]
    assert one.search(queries, 12) == [one.search([query], 12)[0] for query in queries]


def test_a_long_pair_is_cut_to_the_length_asked(rerank, one_label, built, passages, tmp_path):
    one = built(rerank(max_length=16), passages, tmp_path / "index")
    scores = {match.passage_id: match.score for match in one.search(["gout"], 12)[0]}
    tokenizer, model = AutoTokenizer.from_pretrained(one_label), BertForSequenceClassification.from_pretrained(one_label).eval()
    with torch.no_grad():
        cut = tokenizer("gout", passages[8].content, truncation=True, max_length=16, return_tensors="pt")
        assert scores["p008"] == pytest.approx(model(**cut).logits.item(), abs=1e-5)


def test_the_head_computes_in_float32_under_bfloat16(rerank, one_label):
    texts = [f"dose {n}" for n in range(40)]
    scores = rerank().encoder.score("dose", texts, "bfloat16", 8)
    as_bfloat16 = torch.tensor(scores, dtype=torch.bfloat16).float().tolist()
    assert scores != as_bfloat16
    exact = rerank().encoder.score("dose", texts, "float32", 8)
    assert scores == pytest.approx(exact, abs=0.1)


def test_another_cross_encoder_needs_no_new_index(rerank, checkpoint, built, passages, tmp_path):
    first, other = built(rerank(), passages, tmp_path / "index"), rerank(checkpoint=checkpoint(2))
    assert other.fingerprint == first.fingerprint
    assert rerank(retriever={"plugin": "bm25", "options": {"stemmer": "none"}}).fingerprint != first.fingerprint
    other.open(tmp_path / "index")
    assert len(other.search([QUERY], 3)[0]) == 3


def test_all_passages_can_go_and_others_come(rerank, built, passages, tmp_path, ids):
    one = built(rerank(), passages[:3], tmp_path / "full")
    for name in ("empty", "full again"):
        (tmp_path / name).mkdir()
    one.update(tmp_path / "full", tmp_path / "empty", [], {p.id for p in passages[:3]})
    one.open(tmp_path / "empty")
    assert one.search([QUERY, ""], 5) == [[], []]
    one.update(tmp_path / "empty", tmp_path / "full again", passages[2:4], set())
    one.open(tmp_path / "full again")
    assert sorted(ids(one.search([QUERY], 5)[0])) == ["p002", "p003"]


def test_the_inner_retriever_has_weights_of_its_own(rerank, encoder_folder, built, passages, tmp_path):
    inner = {"plugin": "dense", "checkpoint": str(encoder_folder), "options": {"precision": "float32"}}
    one = built(rerank(retriever=inner, depth=3), passages, tmp_path / "index")
    assert len(one.search([QUERY], 3)[0]) == 3


def test_several_processes_share_the_inner_build(rerank, encoder_folder, passages, tmp_path):
    inner = {"plugin": "dense", "checkpoint": str(encoder_folder), "options": {"precision": "float32"}}
    for name in ("shared", "alone"):
        (tmp_path / name).mkdir()
    first, second = (rerank(retriever=inner) for _ in range(2))
    assert first.take_share(0, 2)
    assert second.take_share(1, 2)
    for one in (second, first):
        one.build(passages, tmp_path / "shared")
    rerank(retriever=inner).build(passages, tmp_path / "alone")
    assert folder_checksums(tmp_path / "shared") == folder_checksums(tmp_path / "alone")


@pytest.mark.parametrize("name", ["texts.npy", "ends.npy", "ids.json"])
def test_damaged_texts_say_so(name, rerank, built, passages, tmp_path):
    built(rerank(), passages, tmp_path / "index")
    path = tmp_path / "index" / "texts" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError) as caught:
        rerank().open(tmp_path / "index")
    assert caught.value.hint


def test_texts_of_another_index_do_not_fit(rerank, built, passages, tmp_path):
    built(rerank(), passages, tmp_path / "index")
    np.save(tmp_path / "index" / "texts" / "ends.npy", np.arange(12))
    with pytest.raises(DamagedError, match="does not end"):
        rerank().open(tmp_path / "index")


def refusals() -> dict[str, tuple[Callable[..., object], type[Exception], str]]:
    return {
        "three labels": (lambda make, _: make(3), InputError, "tells 3 classes apart"),
        "no head": (lambda _, encoder: encoder, InputError, "is no cross-encoder: it lacks"),
        "another head": (lambda make, _: make(1, BertForTokenClassification), InputError, "is no cross-encoder: it lacks"),
        "no checkpoint": (lambda *_: None, InputError, "has no checkpoint"),
        "no such model": (lambda *_: "somewhere-else", MissingError, "there is no model"),
    }


@pytest.mark.parametrize("what", refusals())
def test_a_checkpoint_that_is_no_cross_encoder_is_refused_before_anything_is_built(
    what, rerank, checkpoint, encoder_folder, passages, tmp_path
):
    choose, error, message = refusals()[what]
    with pytest.raises(error, match=message) as caught:
        rerank(checkpoint=choose(checkpoint, encoder_folder)).build(passages, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert "\n" not in str(caught.value)
    assert "cross-encoder" in caught.value.hint
