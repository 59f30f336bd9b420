"""Sentence encoders: pooling, prompts, files, learning."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import LoraConfig, RetrieverConfig
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.models.tiny import build_tiny_decoder

TEXTS = ["Give adrenaline at once.", "gout", "", "oxygen and prednisolone by mouth within the first hour"]


@pytest.fixture(scope="module")
def states(encoder_folder):
    """``states(text)``: the encoder's last hidden states of one text: (L, 64), straight from transformers."""
    model, tokenizer = AutoModel.from_pretrained(encoder_folder).eval(), AutoTokenizer.from_pretrained(encoder_folder)

    def run(text: str) -> torch.Tensor:
        with torch.no_grad():
            return model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]

    return run


@pytest.fixture
def sentence_folder(encoder_folder, tmp_path):
    """``sentence_folder(pooling=…, modules=[…], …)``: the encoder in sentence-transformers' layout."""

    def write(pooling: dict, kinds: tuple[str, ...] = (), sentence: dict | None = None, prompts: dict | None = None) -> Path:
        folder = shutil.copytree(encoder_folder, tmp_path / "sentence encoder")
        steps = ["Transformer", "Pooling", *kinds]
        paths = ["", *(f"{number}_{kind}" for number, kind in enumerate(steps[1:], start=1))]
        modules = [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (kind, path) in enumerate(zip(steps, paths, strict=True))
        ]
        (folder / "1_Pooling").mkdir()
        (folder / "modules.json").write_text(json.dumps(modules))
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        (folder / "sentence_bert_config.json").write_text(json.dumps(sentence or {}))
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts or {}))
        return folder

    return write


def unit(vector: torch.Tensor) -> torch.Tensor:
    return vector / vector.norm()


POOLED = {
    "mean": lambda s: s.mean(0),
    "cls": lambda s: s[0],
    "max": lambda s: s.amax(0),
    "lasttoken": lambda s: s[-1],
    "mean_sqrt_len": lambda s: s.sum(0) / len(s) ** 0.5,
    "weightedmean": lambda s: sum((n + 1) * row for n, row in enumerate(s)) / sum(range(1, len(s) + 1)),
}


@pytest.mark.parametrize("mode", POOLED)
def test_each_pooling_is_what_it_says_even_in_a_padded_batch(retriever, states, mode):
    vectors = retriever("dense", pooling=mode, similarity="dot").encode_passages(TEXTS)
    expected = torch.stack([POOLED[mode](states(text)) for text in TEXTS])
    torch.testing.assert_close(vectors, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("flag", "mode"), [("pooling_mode_cls_token", "cls"), ("pooling_mode_lasttoken", "lasttoken")])
def test_the_checkpoint_says_how_it_pools_and_that_it_normalises(retriever, sentence_folder, states, flag, mode):
    folder = sentence_folder({flag: True, "pooling_mode_mean_tokens": False}, kinds=("Normalize",))
    vector = retriever("dense", checkpoint=folder, similarity="dot").encode_queries(["gout attack"])[0]
    torch.testing.assert_close(vector, unit(POOLED[mode](states("gout attack"))), atol=1e-5, rtol=1e-4)


def test_several_poolings_stand_side_by_side(retriever, sentence_folder, states):
    folder = sentence_folder({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True})
    vector = retriever("dense", checkpoint=folder, similarity="dot").encode_queries(["gout"])[0]
    torch.testing.assert_close(vector, torch.cat([states("gout")[0], states("gout").mean(0)]), atol=1e-5, rtol=1e-4)


def test_a_dense_layer_follows_the_pooling(retriever, sentence_folder, states):
    folder = sentence_folder({"pooling_mode_mean_tokens": True}, kinds=("Dense",))
    (folder / "2_Dense").mkdir()
    settings = {"in_features": 64, "out_features": 8, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}
    (folder / "2_Dense" / "config.json").write_text(json.dumps(settings))
    weight, bias = torch.randn(8, 64, generator=torch.Generator().manual_seed(1)), torch.arange(8.0)
    save_file({"linear.weight": weight, "linear.bias": bias}, folder / "2_Dense" / "model.safetensors")
    vector = retriever("dense", checkpoint=folder, similarity="dot").encode_queries(["gout"])[0]
    torch.testing.assert_close(vector, torch.tanh(weight @ states("gout").mean(0) + bias), atol=1e-5, rtol=1e-4)


def test_prompts_of_the_checkpoint_are_put_before_texts_and_options_override_them(retriever, sentence_folder, states):
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}}
    folder = sentence_folder({"pooling_mode_mean_tokens": True}, prompts=prompts)
    own, other = retriever("dense", checkpoint=folder), retriever("dense", checkpoint=folder, query_prefix="", passage_prefix="")
    torch.testing.assert_close(own.encode_queries(["gout"])[0], unit(states("query: gout").mean(0)), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(own.encode_passages(["gout"])[0], unit(states("passage: gout").mean(0)), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(other.encode_queries(["gout"]), other.encode_passages(["gout"]))


def test_texts_are_cut_to_the_checkpoints_own_length(retriever, sentence_folder):
    folder = sentence_folder({"pooling_mode_mean_tokens": True}, sentence={"max_seq_length": 6})
    one = retriever("dense", checkpoint=folder)
    vectors = one.encode_passages(["oxygen and prednisolone by mouth", "oxygen and prednisolone by the nomogram"])
    torch.testing.assert_close(vectors[0], vectors[1])


def test_a_score_is_the_cosine_with_each_of_its_own_candidates(retriever):
    one = retriever("dense")
    with torch.no_grad():
        queries = one.encode_queries(["gout", "asthma"])
        candidates = one.encode_passages(["a", "mouth", "once", "dose", "flat", "hour"])
    expected = [[float(queries[b] @ candidates[3 * b + n]) for n in range(3)] for b in range(2)]
    torch.testing.assert_close(one.score(queries, candidates), torch.tensor(expected))
    assert one.score(queries, candidates).dtype == torch.float32


def test_search_scores_are_the_training_scores(retriever, built, passages, tmp_path):
    one = built(retriever("dense"), passages, tmp_path / "index")
    best = one.search(["gout attack"], 1)[0][0]
    content = next(p.content for p in passages if p.id == best.passage_id)
    with torch.no_grad():
        score = one.score(one.encode_queries(["gout attack"]), one.encode_passages([content]))
    assert best.score == pytest.approx(float(score), abs=1e-5)


def test_the_gradient_of_a_score_reaches_every_layer_of_the_encoder(retriever):
    one = retriever("dense")
    one.score(one.encode_queries(["gout"]), one.encode_passages(["colchicine", "oxygen"]))[0, 0].backward()
    for layer in one.module.backbone.encoder.layer:
        assert layer.attention.self.query.weight.grad.abs().sum() > 0


def test_a_saved_encoder_loads_with_the_same_vectors_and_another_fingerprint(retriever, tmp_path):
    one = retriever("dense", pooling="cls", passage_prefix="passage: ", max_length=64)
    with torch.no_grad():
        one.module.backbone.embeddings.word_embeddings.weight.mul_(1.5)
    one.save(tmp_path / "trained")
    again = retriever("dense", checkpoint=tmp_path / "trained")
    torch.testing.assert_close(again.encode_passages(TEXTS), one.encode_passages(TEXTS))
    assert again.fingerprint != retriever("dense", pooling="cls", passage_prefix="passage: ", max_length=64).fingerprint


def test_prompts_of_sentence_transformers_change_the_fingerprint(encoder_folder, tmp_path):
    shutil.copytree(encoder_folder, tmp_path / "copy")
    prints = []
    for prompt in ("", "passage: "):
        told = {"prompts": {"document": prompt}, "similarity_fn_name": "cosine"}
        (tmp_path / "copy" / "config_sentence_transformers.json").write_text(json.dumps(told))
        prints.append(make_retriever(RetrieverConfig(plugin="dense", checkpoint=str(tmp_path / "copy"))).fingerprint)
    assert prints[0] != prints[1]


def test_only_the_options_that_shape_passages_change_the_fingerprint(retriever):
    plain = retriever("dense").fingerprint
    assert retriever("dense", query_prefix="query: ", batch_size=4).fingerprint == plain
    assert retriever("dense", passage_prefix="passage: ").fingerprint != plain


def test_adapters_alone_train_and_are_worked_into_what_is_saved(retriever, tmp_path):
    one = retriever("dense", lora=LoraConfig(r=4, alpha=8, targets=("query", "value")))
    trainable = [name for name, p in one.module.named_parameters() if p.requires_grad]
    assert trainable
    assert all("lora" in name for name in trainable)
    with torch.no_grad():
        for name, parameter in one.module.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.05)
    one.save(tmp_path / "trained")
    again = retriever("dense", checkpoint=tmp_path / "trained")
    torch.testing.assert_close(again.encode_queries(TEXTS), one.encode_queries(TEXTS), atol=1e-5, rtol=1e-4)
    assert (again.encode_queries(TEXTS) - retriever("dense").encode_queries(TEXTS)).abs().max() > 1e-3


def test_adapters_on_layers_that_are_not_there_are_refused_with_the_names_that_are(retriever):
    one = retriever("dense", lora=LoraConfig(targets=("gate_proj",)))
    with pytest.raises(InputError) as caught:
        one.module  # noqa: B018 - it loads
    assert "query" in caught.value.hint


@pytest.mark.parametrize("plugin", ["dense", "colbert"])
def test_a_checkpoint_that_is_no_encoder_is_refused(retriever, tmp_path, plugin):
    decoder = build_tiny_decoder(tmp_path / "decoder", ["some words"])
    (tmp_path / "nothing").mkdir()
    broken = shutil.copytree(decoder, tmp_path / "broken")
    (broken / "config.json").write_text("{")
    for checkpoint, error in [
        (decoder, InputError),
        (tmp_path / "nothing", InputError),
        (broken, InputError),
        (None, InputError),
    ]:
        with pytest.raises(error) as caught:
            retriever(plugin, checkpoint=checkpoint).encode_queries(["gout"])
        assert caught.value.hint
    with pytest.raises(MissingError):
        retriever(plugin, checkpoint=tmp_path / "not there").encode_queries(["gout"])


def test_a_checkpoint_without_its_layers_is_refused(retriever, encoder_folder, tmp_path):
    folder = shutil.copytree(encoder_folder, tmp_path / "hollow")
    save_file({"embeddings.LayerNorm.weight": torch.ones(64)}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match="lacks"):
        retriever("dense", checkpoint=folder).encode_queries(["gout"])
