"""A GGUF file becomes an ordinary model folder, once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

from jmlr_cli.errors import InputError
from jmlr_cli.models.resolve import resolve_model

HIDDEN, INNER, HEADS, LAYERS = 32, 64, 2, 1


@pytest.fixture
def gguf_file(tmp_path, monkeypatch):
    """A one-layer Llama with 4-bit weights and a byte-level vocabulary, in SmolLM's manner."""
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / "home"))
    path = tmp_path / "small.gguf"
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *alphabet, "ĊĊ"]
    random = np.random.default_rng(0)
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * 3 + [TokenType.NORMAL] * (len(tokens) - 3))
    writer.add_token_merges(["Ċ Ċ"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    weights = {"token_embd.weight": (len(tokens), HIDDEN), "output.weight": (len(tokens), HIDDEN)}
    for name, shape in {"attn_q": (HIDDEN, HIDDEN), "attn_k": (HIDDEN, HIDDEN), "attn_v": (HIDDEN, HIDDEN),
                        "attn_output": (HIDDEN, HIDDEN), "ffn_gate": (INNER, HIDDEN), "ffn_up": (INNER, HIDDEN),
                        "ffn_down": (HIDDEN, INNER)}.items():  # fmt: skip
        weights[f"blk.0.{name}.weight"] = shape
    for name, shape in weights.items():
        values = random.standard_normal(shape).astype(np.float32)
        writer.add_tensor(name, quantize(values, GGMLQuantizationType.Q4_1), raw_dtype=GGMLQuantizationType.Q4_1)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_file_becomes_safetensors_with_its_tokenizer(gguf_file):
    folder = resolve_model(str(gguf_file))
    assert list(folder.glob("*.safetensors"))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    assert not hasattr(model.config, "quantization_config")
    # what 4-bit weights restore to: at most sixteen values in each block of 32
    row = model.get_output_embeddings().weight[7]
    assert 2 < len(row.unique()) <= 16
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.decode(tokenizer("Gout 12")["input_ids"]) == "Gout 12"
    assert tokenizer.model_max_length == 128


def test_digits_are_split_as_smollm_splits_them(gguf_file):
    tokenizer = AutoTokenizer.from_pretrained(resolve_model(str(gguf_file)))
    assert tokenizer.tokenize("\n\n1") == ["ĊĊ", "1"]


def test_it_is_converted_once_for_its_content(gguf_file):
    folder = resolve_model(str(gguf_file))
    stamp = (folder / "config.json").stat().st_mtime_ns
    assert resolve_model(str(gguf_file)) == folder
    assert (folder / "config.json").stat().st_mtime_ns == stamp


def test_a_file_that_is_no_gguf_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / "home"))
    (tmp_path / "fake.gguf").write_bytes(b"not a model")
    with pytest.raises(InputError, match="not a GGUF file"):
        resolve_model(str(tmp_path / "fake.gguf"))
    assert not list((tmp_path / "home").rglob("config.json"))
