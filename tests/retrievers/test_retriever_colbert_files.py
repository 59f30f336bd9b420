"""ColBERT's checkpoints: colbert-ir's layout, PyLate's, plain encoders, and what is saved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer, DistilBertConfig, DistilBertModel

from jmlr_cli.contracts.config import LoraConfig
from jmlr_cli.errors import InputError
from jmlr_cli.files import folder_checksums

TEXTS = ["Give adrenaline, 0.5 mg, at once.", "gout", ""]
METADATA = {
    "query_token_id": "[unused0]", "doc_token_id": "[unused1]", "query_token": "[Q]", "doc_token": "[D]",
    "similarity": "cosine", "dim": 24, "query_maxlen": 12, "doc_maxlen": 180, "mask_punctuation": True,
    "attend_to_mask_tokens": False, "nbits": 1, "checkpoint": "somewhere/else",
}  # fmt: skip


@pytest.fixture(scope="module")
def projection() -> torch.Tensor:
    """A projection (24, 64) that no seed of the plugin gives."""
    return torch.randn(24, 64, generator=torch.Generator().manual_seed(7))


@pytest.fixture(params=["model.safetensors", "pytorch_model.bin"])
def colbert_folder(request, encoder_folder, projection, tmp_path) -> Path:
    """A checkpoint as colbert-ir publishes them, written by hand: without a pooler, with its own settings file."""
    folder = shutil.copytree(encoder_folder, tmp_path / "colbert-ir")
    backbone = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    weights = {f"bert.{name}": tensor for name, tensor in backbone.items() if "pooler" not in name}
    weights["linear.weight"] = projection
    if request.param.endswith("bin"):
        torch.save(weights, folder / request.param)
    else:
        save_file(weights, folder / request.param, {"format": "pt"})
    config = json.loads((folder / "config.json").read_text()) | {"architectures": ["HF_ColBERT"]}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "artifact.metadata").write_text(json.dumps(METADATA))
    return folder


def by_hand(encoder_folder: Path, projection: torch.Tensor, ids: list[int], seen: list[int]) -> torch.Tensor:
    """The token vectors (L, dim) of one text, straight from transformers."""
    model = AutoModel.from_pretrained(encoder_folder).eval()
    with torch.no_grad():
        states = model(input_ids=torch.tensor([ids]), attention_mask=torch.tensor([seen])).last_hidden_state[0]
    return torch.nn.functional.normalize(states @ projection.T, dim=-1)


def test_colberts_own_checkpoint_gives_its_vectors(retriever, colbert_folder, encoder_folder, projection):
    one, tokenizer = retriever("colbert", checkpoint=colbert_folder), AutoTokenizer.from_pretrained(encoder_folder)
    vocabulary, word = tokenizer.get_vocab(), tokenizer("gout")["input_ids"]
    passage = [word[0], vocabulary["[unused1]"], *word[1:]]
    query = [word[0], vocabulary["[unused0]"], *word[1:], *[vocabulary["[MASK]"]] * (12 - len(word) - 1)]
    seen = [int(token != vocabulary["[MASK]"]) for token in query]
    with torch.no_grad():
        encoded_passage, encoded_query = one.encode_passages(["gout"]), one.encode_queries(["gout"])
    torch.testing.assert_close(encoded_passage.vectors[0], by_hand(encoder_folder, projection, passage, [1] * len(passage)))
    torch.testing.assert_close(encoded_query.vectors[0], by_hand(encoder_folder, projection, query, seen))


def test_options_override_what_the_checkpoint_says(retriever, colbert_folder):
    own, other = retriever("colbert", checkpoint=colbert_folder), retriever("colbert", checkpoint=colbert_folder, query_length=20)
    assert len(own.tokens.queries(["gout"])[0].ids) == 12
    assert len(other.tokens.queries(["gout"])[0].ids) == 20


@pytest.fixture
def pylate_folder(encoder_folder, projection, tmp_path) -> Path:
    """A checkpoint as PyLate saves them, with the same weights and settings."""
    folder = shutil.copytree(encoder_folder, tmp_path / "pylate")
    (folder / "1_Dense").mkdir()
    save_file({"linear.weight": projection}, folder / "1_Dense" / "model.safetensors")
    settings = {"query_prefix": "[unused0]", "document_prefix": "[unused1]", "query_length": 12, "skiplist_words": [",", "."]}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(settings))
    (folder / "modules.json").write_text("[]")
    return folder


def test_a_pylate_folder_gives_the_same_vectors(retriever, colbert_folder, pylate_folder):
    pylate, own = retriever("colbert", checkpoint=pylate_folder), retriever("colbert", checkpoint=colbert_folder)
    assert torch.equal(pylate.encode_queries(TEXTS).vectors, own.encode_queries(TEXTS).vectors)
    assert torch.equal(pylate.encode_passages(TEXTS).vectors, own.encode_passages(TEXTS).vectors)


def test_a_projection_of_several_layers_is_refused(retriever, pylate_folder):
    (pylate_folder / "2_Dense").mkdir()
    with pytest.raises(InputError, match="several steps"):
        retriever("colbert", checkpoint=pylate_folder).encode_queries(["gout"])


def test_a_colbert_checkpoint_without_its_projection_is_refused(retriever, encoder_folder, tmp_path):
    folder = shutil.copytree(encoder_folder, tmp_path / "hollow")
    (folder / "artifact.metadata").write_text(json.dumps(METADATA))
    with pytest.raises(InputError, match=r"no linear\.weight"):
        retriever("colbert", checkpoint=folder).encode_queries(["gout"])


def test_what_is_saved_is_colberts_layout_and_loads_with_the_same_vectors(retriever, colbert_folder, tmp_path):
    one = retriever("colbert", checkpoint=colbert_folder)
    with torch.no_grad():
        one.module.linear.weight.mul_(-1)
        one.module.backbone.embeddings.word_embeddings.weight.mul_(1.5)
    one.save(tmp_path / "trained")
    names = set(load_file(tmp_path / "trained" / "model.safetensors"))
    assert {"linear.weight", "bert.embeddings.word_embeddings.weight"} <= names
    assert all(name.startswith("bert.") for name in names - {"linear.weight"})
    assert json.loads((tmp_path / "trained" / "config.json").read_text())["architectures"] == ["HF_ColBERT"]
    written = json.loads((tmp_path / "trained" / "artifact.metadata").read_text())
    same = ("query_token_id", "doc_token_id", "similarity", "dim", "query_maxlen", "mask_punctuation", "attend_to_mask_tokens")
    assert {key: written[key] for key in same} == {key: METADATA[key] for key in same}
    again = retriever("colbert", checkpoint=tmp_path / "trained")
    assert torch.equal(again.encode_queries(TEXTS).vectors, one.encode_queries(TEXTS).vectors)
    assert torch.equal(again.encode_passages(TEXTS).vectors, one.encode_passages(TEXTS).vectors)
    assert again.fingerprint != one.fingerprint


def test_saving_writes_the_same_bytes_each_time(retriever, colbert_folder, tmp_path):
    for name in ("one", "two"):
        retriever("colbert", checkpoint=colbert_folder).save(tmp_path / name)
    assert folder_checksums(tmp_path / "one") == folder_checksums(tmp_path / "two")


def test_an_encoder_of_another_family_gets_markers_and_keeps_its_own_prefix(retriever, encoder_folder, tmp_path):
    folder = shutil.copytree(encoder_folder, tmp_path / "distilbert")
    tokenizer = (folder / "tokenizer.json").read_text().replace("[unused", "[spare")
    (folder / "tokenizer.json").write_text(tokenizer)
    size = len(AutoTokenizer.from_pretrained(folder))
    torch.manual_seed(3)
    DistilBertModel(DistilBertConfig(vocab_size=size, dim=32, n_heads=2, n_layers=1, hidden_dim=64)).save_pretrained(folder)
    one = retriever("colbert", checkpoint=folder)
    assert one.tokens.queries(["gout"])[0].ids[1] == size
    assert one.tokens.passages(["gout"])[0].ids[1] == size + 1
    one.save(tmp_path / "saved")
    assert "distilbert.embeddings.word_embeddings.weight" in load_file(tmp_path / "saved" / "model.safetensors")
    again = retriever("colbert", checkpoint=tmp_path / "saved")
    assert torch.equal(again.encode_passages(TEXTS).vectors, one.encode_passages(TEXTS).vectors)
    assert torch.equal(retriever("colbert", checkpoint=folder).encode_queries(TEXTS).vectors, one.encode_queries(TEXTS).vectors)


def test_adapters_are_worked_into_a_copy_of_the_weights(retriever, encoder_folder, tmp_path):
    one = retriever("colbert", lora=LoraConfig(r=4, alpha=8, targets=("query", "value")))
    with torch.no_grad():
        for name, parameter in one.module.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.05)
    one.save(tmp_path / "trained")
    assert any("lora_B" in name for name, _ in one.module.named_parameters())
    again = retriever("colbert", checkpoint=tmp_path / "trained")
    torch.testing.assert_close(again.encode_queries(TEXTS).vectors, one.encode_queries(TEXTS).vectors, atol=1e-5, rtol=1e-4)
    assert (again.encode_queries(TEXTS).vectors - retriever("colbert").encode_queries(TEXTS).vectors).abs().max() > 1e-3


class Runs:
    """Unpickling it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.write_text, (self.path, "ran"))


def refused_without_running(retriever, folder: Path, weights: Path, trace: Path) -> None:
    torch.save({"linear.weight": Runs(trace)}, weights)
    with pytest.raises(InputError):
        retriever("colbert", checkpoint=folder).encode_queries(["gout"])
    assert not trace.exists()


def test_a_pickle_that_would_run_code_is_refused(retriever, colbert_folder, tmp_path):
    for path in colbert_folder.glob("*model*.*"):
        path.unlink()
    refused_without_running(retriever, colbert_folder, colbert_folder / "pytorch_model.bin", tmp_path / "ran")


def test_a_projection_that_would_run_code_is_refused(retriever, pylate_folder, tmp_path):
    (pylate_folder / "1_Dense" / "model.safetensors").unlink()
    refused_without_running(retriever, pylate_folder, pylate_folder / "1_Dense" / "pytorch_model.bin", tmp_path / "ran")
