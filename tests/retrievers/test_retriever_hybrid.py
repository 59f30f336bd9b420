"""Reciprocal-rank fusion."""

from __future__ import annotations

import pytest

from jmlr_cli.errors import InputError

SHORT, LONG = {"plugin": "bm25", "options": {"b": 1.0}}, {"plugin": "bm25", "options": {"k1": 8.0, "b": 0.0, "stopwords": "none"}}
QUERY = "once in the attack by mouth"


def test_scores_are_the_weighted_reciprocal_ranks(retriever, built, passages, tmp_path):
    members = [built(retriever("bm25", **m["options"]), passages, tmp_path / str(n)) for n, m in enumerate((SHORT, LONG))]
    lists = [[m.passage_id for m in member.search([QUERY], 4)[0] if m.score != 0] for member in members]
    assert lists[0] != lists[1]
    by_hand = dict.fromkeys(lists[0] + lists[1], 0.0)
    for weight, found in zip((1.0, 0.5), lists, strict=True):
        for rank, one in enumerate(found, start=1):
            by_hand[one] += weight / (10 + rank)
    hybrid = retriever("hybrid", retrievers=[SHORT, LONG | {"weight": 0.5}], rrf_k=10, depth=4)
    found = built(hybrid, passages, tmp_path / "hybrid").search([QUERY], 4)[0]
    assert {m.passage_id: m.score for m in found} == pytest.approx(
        dict(sorted(by_hand.items(), key=lambda item: (-item[1], item[0]))[:4])
    )


def test_a_passage_that_shares_no_word_gets_no_rank_from_bm25(retriever, built, passages, tmp_path, ids):
    hybrid = built(retriever("hybrid", retrievers=[SHORT]), passages, tmp_path / "index")
    assert ids(hybrid.search(["lumefantrine"], 10)[0]) == ["p008"]
    assert hybrid.search(["unheard"], 10) == [[]]


def test_members_take_the_hybrids_checkpoint_unless_they_name_their_own(retriever, tmp_path):
    dense, own = {"plugin": "dense"}, {"plugin": "dense", "checkpoint": str(tmp_path)}
    inherits, names = retriever("hybrid", retrievers=[dense, own]).members
    assert inherits.config.checkpoint == retriever("dense").config.checkpoint
    assert names.config.checkpoint == str(tmp_path)


def test_by_default_words_and_vectors_are_fused(retriever):
    assert [type(member).__name__ for member in retriever("hybrid").members] == ["BM25Retriever", "DenseRetriever"]


def test_the_fingerprint_follows_the_members_files_not_the_fusion(retriever):
    plain = retriever("hybrid", retrievers=[SHORT])
    assert retriever("hybrid", retrievers=[SHORT | {"weight": 2.0}], rrf_k=1).fingerprint == plain.fingerprint
    assert retriever("hybrid", retrievers=[LONG]).fingerprint != plain.fingerprint


def test_an_unknown_member_is_refused(retriever):
    with pytest.raises(InputError, match="no plugin offers"):
        retriever("hybrid", retrievers=[{"plugin": "bm52"}]).members  # noqa: B018 - it looks them up
