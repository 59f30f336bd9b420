"""What a retriever says of its own score."""

from __future__ import annotations

import pytest

QUERY = "What treats an attack of gout, Ménière?"


@pytest.mark.parametrize("query_length", [0, 16])
def test_the_matches_add_up_to_the_score(retriever, built, passages, tmp_path, query_length):
    colbert = built(retriever("colbert", query_length=query_length), passages, tmp_path / "index")
    content = {passage.id: passage.content for passage in passages}
    for match in colbert.search([QUERY], len(passages))[0]:
        told = colbert.explain(QUERY, content[match.passage_id])
        assert sum(each.similarity for each in told) == pytest.approx(match.score, abs=0.02)


def test_each_token_of_the_question_names_the_stretches_that_matched(retriever):
    text = "Gout\nColchicine 🙂 for an attack; gout again."
    told = retriever("colbert", query_length=0).explain("gout attack", text)
    words = [("gout attack"[slice(*each.query)], text[slice(*each.passage)].lower()) for each in told]
    # [CLS] and the marker first, [SEP] last: they are no text
    assert [asked for asked, _ in words] == ["", "", "gout", "attack", ""]
    assert all(-1.001 <= each.similarity <= 1.001 for each in told)
    alone = retriever("colbert", query_length=0).explain("gout", "gout")
    assert [text for text in ("gout"[slice(*each.passage)] for each in alone) if text] == ["gout"]


def test_masks_that_fill_a_question_up_stand_nowhere_in_it(retriever):
    told = retriever("colbert", query_length=12).explain("gout", "gout")
    assert len(told) == 12
    assert [each.query for each in told].count((0, 0)) == 11


def test_what_was_cut_off_matches_nothing(retriever):
    told = retriever("colbert", query_length=0, passage_length=16).explain("malaria", "croup " * 40 + "malaria")
    assert max(each.passage[1] for each in told) <= len("croup ") * 14


@pytest.mark.parametrize("plugin", ["bm25", "dense"])
def test_a_retriever_whose_score_is_no_sum_of_tokens_says_nothing(retriever, plugin):
    checkpoint = {"checkpoint": None} if plugin == "bm25" else {}
    assert retriever(plugin, **checkpoint).explain("gout", "gout") is None


def test_one_that_is_made_of_others_shows_the_first_that_can(retriever, encoder_folder):
    colbert = {"plugin": "colbert", "options": {"query_length": 0, "precision": "float32"}}
    wanted = retriever("colbert", query_length=0).explain("gout", "gout attack")
    hybrid = retriever("hybrid", retrievers=[{"plugin": "bm25"}, colbert])
    rerank = retriever("rerank", retriever={**colbert, "checkpoint": str(encoder_folder)})
    qdrant = retriever("qdrant", encoder="colbert", encoder_options=colbert["options"])
    assert hybrid.explain("gout", "gout attack") == wanted
    assert rerank.explain("gout", "gout attack") == wanted
    assert qdrant.explain("gout", "gout attack") == wanted
    assert retriever("hybrid", retrievers=[{"plugin": "bm25"}, {"plugin": "dense"}]).explain("gout", "gout") is None
