"""Late interaction: MaxSim, tokens, learning, search."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.errors import InputError
from jmlr_plugins.retrievers.colbert import token_index
from jmlr_plugins.retrievers.colbert.token_index import segment_max, segment_max_on_device
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors, joined, maxsim


@pytest.fixture(scope="module")
def number(encoder_folder):
    """The id of a token in the tiny encoder's vocabulary."""
    return AutoTokenizer.from_pretrained(encoder_folder).get_vocab()


def token_vectors(rows: list, mask: list) -> TokenVectors:
    return TokenVectors(torch.tensor(rows, dtype=torch.float32), torch.tensor(mask, dtype=torch.bool))


def test_maxsim_by_hand():
    query = token_vectors([[[1, 0], [0, 1], [9, 9]]], [[1, 1, 0]])
    candidates = token_vectors(
        [[[0.5, 0.1], [0.2, 0.7], [8, 8]], [[-1, -2], [-3, -0.5], [0, 0]]],
        [[1, 1, 0], [1, 1, 0]],
    )
    # The third token of each counts nowhere: 0.5 + 0.7, and -1 + -0.5 rather than the padding's 0 + 0.
    torch.testing.assert_close(maxsim(query, candidates), torch.tensor([[1.2, -1.5]]))


def test_each_query_meets_its_own_candidates():
    queries = token_vectors([[[1, 0]], [[0, 1]]], [[1], [1]])
    candidates = token_vectors([[[n, 10 * n]] for n in range(1, 7)], [[1]] * 6)
    assert maxsim(queries, candidates).tolist() == [[1, 2, 3], [40, 50, 60]]


def test_the_gradient_of_maxsim_goes_to_the_best_token_alone():
    query = token_vectors([[[1, 2]]], [[1]])
    passage = token_vectors([[[0.1, 0.1], [1, 1], [5, 5]]], [[1, 1, 0]])
    passage.vectors.requires_grad_()
    maxsim(query, passage).sum().backward()
    assert passage.vectors.grad.tolist() == [[[0, 0], [1, 2], [0, 0]]]


def test_scores_are_float32_under_autocast():
    rows = torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(0))
    query = TokenVectors(rows, torch.ones(1, 4, dtype=torch.bool))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = maxsim(query, query)
    torch.testing.assert_close(inside, maxsim(query, query), atol=0, rtol=0)


def test_joining_fills_up_with_tokens_that_do_not_count():
    both = joined([token_vectors([[[1, 1]]], [[1]]), token_vectors([[[2, 2], [3, 3]]], [[1, 1]])])
    assert both.vectors.shape == (2, 2, 2)
    assert both.mask.tolist() == [[True, False], [True, True]]


def test_a_short_question_is_filled_up_with_masks_that_count_but_are_not_seen(retriever, number):
    row = retriever("colbert", query_length=8).tokens.queries(["gout"])[0]
    assert row.ids == [number[t] for t in ["[CLS]", "[unused0]", "gout", "[SEP]", "[MASK]", "[MASK]", "[MASK]", "[MASK]"]]
    assert row.seen == [1, 1, 1, 1, 0, 0, 0, 0]
    assert row.counts == [1] * 8
    seen = retriever("colbert", query_length=8, attend_to_mask_tokens=True).tokens.queries(["gout"])[0].seen
    assert seen == [1] * 8


def test_masks_that_are_not_seen_leave_the_questions_own_vectors_alone(retriever):
    short, full = retriever("colbert", query_length=0), retriever("colbert", query_length=32)
    own, filled = short.encode_queries(["gout attack"]), full.encode_queries(["gout attack"])
    length = own.mask.shape[1]
    torch.testing.assert_close(filled.vectors[:, :length], own.vectors, atol=1e-5, rtol=1e-4)
    assert filled.mask.shape == (1, 32)
    assert filled.mask.all()


def test_a_longer_question_keeps_its_tokens_up_to_the_maximum(retriever):
    one = retriever("colbert", query_length=8, query_max_length=40)
    lengths = [len(row.ids) for row in one.tokens.queries(["gout " * 20, "gout " * 400])]
    assert lengths == [23, 40]


def test_the_number_of_masks_does_not_depend_on_the_other_questions(retriever):
    one = retriever("colbert", query_length=16)
    assert one.encode_queries(["gout", "gout " * 60]).mask.sum(1).tolist() == [16, 63]


def test_punctuation_of_a_passage_is_seen_and_does_not_count(retriever, number):
    row = retriever("colbert").tokens.passages(["gout, once."])[0]
    assert row.ids == [number[token] for token in ["[CLS]", "[unused1]", "gout", ",", "once", ".", "[SEP]"]]
    assert row.seen == [1] * 7
    assert row.counts == [1, 1, 1, 0, 1, 0, 1]
    assert retriever("colbert", mask_punctuation=False).tokens.passages(["gout, once."])[0].counts == [1] * 7


def test_a_passage_is_cut_to_its_length_and_never_beyond_the_encoders_positions(retriever, number):
    for asked, kept in ((16, 16), (4000, 512)):
        ids = retriever("colbert", passage_length=asked).tokens.passages(["gout " * 1000])[0].ids
        assert len(ids) == kept
        assert ids[-1] == number["[SEP]"]


def test_an_empty_marker_puts_none(retriever, number):
    row = retriever("colbert", passage_marker="").tokens.passages(["gout"])[0]
    assert row.ids == [number[token] for token in ["[CLS]", "gout", "[SEP]"]]


def test_token_vectors_have_length_one_and_the_asked_width(retriever):
    vectors = retriever("colbert", dim=32).encode_passages(["gout attack"]).vectors
    assert vectors.shape[-1] == 32
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(vectors.shape[:2]))


def test_a_new_projection_is_orthogonal_and_always_the_same(retriever):
    first, second = (retriever("colbert", dim=32).module.linear.weight for _ in range(2))
    torch.testing.assert_close(first @ first.T, torch.eye(32), atol=1e-5, rtol=0)
    assert torch.equal(first, second)


def test_the_gradient_of_a_score_reaches_every_layer_and_the_projection(retriever):
    one = retriever("colbert")
    scores = one.score(
        one.encode_queries(["gout", "asthma"]), one.encode_passages(["colchicine", "oxygen", "salbutamol by spacer", "salts"])
    )
    assert scores.shape == (2, 2)
    (scores[:, 0] - scores[:, 1]).sum().backward()
    grads = [layer.attention.self.query.weight.grad for layer in one.module.backbone.encoder.layer]
    for grad in [*grads, one.module.linear.weight.grad, one.module.backbone.embeddings.word_embeddings.weight.grad]:
        assert grad.abs().sum() > 0


def test_dropout_works_in_training_and_never_in_search(retriever, built, passages, tmp_path, assert_same):
    one = built(retriever("colbert"), passages, tmp_path / "index")
    quiet = one.search(["gout attack"], 5)
    one.module.train()
    assert not torch.equal(one.encode_queries(["gout"]).vectors, one.encode_queries(["gout"]).vectors)
    assert_same(one.search(["gout attack"], 5), quiet, tolerance=0)
    assert one.module.training
    assert one.module.backbone.training


def test_adapters_and_the_projection_alone_train(retriever):
    one = retriever("colbert", lora=LoraConfig(r=4, alpha=8, targets=("query", "value")))
    trainable = {name for name, parameter in one.module.named_parameters() if parameter.requires_grad}
    assert "linear.weight" in trainable
    assert all("lora" in name for name in trainable - {"linear.weight"})
    one.score(one.encode_queries(["gout"]), one.encode_passages(["colchicine", "oxygen"]))[0, 0].backward()
    assert sum(p.grad.abs().sum() for name, p in one.module.named_parameters() if "lora_B" in name) > 0


def test_the_projection_may_learn_faster_than_the_encoder(retriever):
    one = retriever("colbert", projection_lr_scale=10.0)
    encoder, projection = one.parameter_groups(3e-6)
    assert (encoder["lr"], projection["lr"]) == (3e-6, pytest.approx(3e-5))
    assert projection["params"] == [one.module.linear.weight]
    trainable = [p for p in one.module.parameters() if p.requires_grad]
    assert len(encoder["params"]) == len(trainable) - 1


def test_search_scores_are_the_training_scores(retriever, built, passages, tmp_path, monkeypatch):
    monkeypatch.setattr(token_index, "BLOCK_TOKENS", 64)
    monkeypatch.setattr(token_index, "QUERY_TOKENS", 64)
    one, queries = built(retriever("colbert"), passages, tmp_path / "index"), ["gout attack", "lactate", "破傷風"]
    with torch.no_grad():
        encoded = one.encode_passages([p.content for p in passages] * 3)
        expected = one.score(one.encode_queries(queries), encoded)
    for row, found in zip(expected, one.search(queries, 12), strict=True):
        scores = {match.passage_id: match.score for match in found}
        # The index rounds vectors to float16, of 11 bits: up to 32 tokens' errors of 2**-11 add up.
        assert [scores[p.id] for p in passages] == pytest.approx(row.tolist(), abs=32 * 2**-11)


def test_vectors_too_many_for_memory_are_read_from_disk_with_the_same_result(
    retriever, built, passages, tmp_path, monkeypatch, assert_same
):
    resident = built(retriever("colbert"), passages, tmp_path / "index")
    monkeypatch.setattr(token_index, "RESIDENT_BYTES", 0)
    mapped = retriever("colbert")
    mapped.open(tmp_path / "index")
    assert_same(mapped.search(["gout"], 12), resident.search(["gout"], 12), tolerance=0)


def test_the_two_ways_to_take_segment_maxima_agree():
    scores = torch.randn(5, 40, generator=torch.Generator().manual_seed(0))
    bounds = np.array([0, 1, 7, 39, 40])
    expected = torch.stack([scores[:, a:b].amax(1) for a, b in pairwise(bounds)], dim=1)
    assert torch.equal(segment_max(scores, bounds), expected)
    assert torch.equal(segment_max_on_device(scores, bounds), expected)


def test_only_the_options_that_shape_passages_change_the_fingerprint(retriever):
    plain = retriever("colbert").fingerprint
    assert retriever("colbert", query_length=64, query_max_length=300, batch_size=3).fingerprint == plain
    for option in ({"passage_length": 128}, {"dim": 32}, {"mask_punctuation": False}, {"passage_marker": ""}):
        assert retriever("colbert", **option).fingerprint != plain


def test_a_width_that_the_checkpoint_does_not_have_is_refused(retriever, tmp_path):
    retriever("colbert", dim=32).save(tmp_path / "saved")
    with pytest.raises(InputError, match="32 dimensions"):
        retriever("colbert", checkpoint=tmp_path / "saved", dim=64).encode_queries(["gout"])
