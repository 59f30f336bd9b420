"""Tiny real models with the kinds of tokenizer that decoders come with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Option, Passage, Question
from jmlr_cli.models.tiny import build_tiny_decoder
from jmlr_plugins.generators.causal_lm import CausalLMGenerator

TEXTS = [
    "Insulin lowers the blood sugar in diabetes. Aspirin thins the blood.",
    "A beta blocker slows the heart. Question: which drug? Reference: the guideline. Correct Answer: B. Aspirin",
    "Please only give the correct option. Paracetamol is given for pain, 500 mg every six hours.",
    "system user assistant question answer You are a helpful, careful medical assistant.",
] * 8

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Several threads only slow tiny models down."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def plain_folder(tmp_path_factory) -> Path:
    """A byte-level model without a chat template."""
    return build_tiny_decoder(tmp_path_factory.mktemp("plain"), TEXTS)


@pytest.fixture(scope="session")
def chat_folder(tmp_path_factory, plain_folder) -> Path:
    """The same with ChatML turns, and an added token that is not marked special."""
    folder = tmp_path_factory.mktemp("chat")
    tokenizer = AutoTokenizer.from_pretrained(plain_folder)
    model = LlamaForCausalLM.from_pretrained(plain_folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.add_tokens([AddedToken("<tool_call>", special=False)])
    tokenizer.chat_template = CHATML
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def sentencepiece_folder(tmp_path_factory) -> Path:
    """A Llama-2-like tokenizer: it puts a space before the text, and its merges can spell ``</s>``."""
    folder = tmp_path_factory.mktemp("sentencepiece")
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")  # in training alone: no token spans two words
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=["<unk>", "<s>", *bytes_], max_token_length=8)
    tokenizer.train_from_iterator(
        [*(text.replace("\n", " ") for text in TEXTS), *(f"{letter}</s>" for letter in "abcdefgh" * 8)], trainer
    )
    tokenizer = _as_in_use(tokenizer)
    assert tokenizer.token_to_id("</s>") is not None, "the merges should spell </s>"
    tokenizer.add_special_tokens([AddedToken("</s>", special=True, normalized=False)])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", tokenizer.token_to_id("<s>"))])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    wrapped.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(wrapped), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=4096, bos_token_id=wrapped.bos_token_id, eos_token_id=wrapped.eos_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def _as_in_use(tokenizer: Tokenizer) -> Tokenizer:
    """Without the splitting used in training; text that spells a byte token is only text."""
    description = json.loads(tokenizer.to_str())
    description["pre_tokenizer"] = None
    description["added_tokens"] = [token for token in description["added_tokens"] if not token["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(description))


@pytest.fixture
def make():
    """Builds a generator: ``make(folder, plugin=CausalLMGenerator, **config)``."""

    def build(folder: Path, plugin: type = CausalLMGenerator, **config):
        return plugin(GeneratorConfig(**{"model": str(folder), "dtype": "float32", **config}))

    return build


@pytest.fixture
def question() -> Question:
    options = (Option("A", "Beta blocker"), Option("B", "Aspirin"), Option("C", "Insulin"))
    return Question("q1", "Which drug lowers the blood sugar?", options, answer_label="C")


@pytest.fixture
def free_question() -> Question:
    return Question("q2", "What does insulin do?", answer="It lowers the blood sugar.")


def passage(text: str, title: str = "") -> Passage:
    return Passage("p", "d", title, text, 0)
