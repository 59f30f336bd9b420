"""Options of several questions scored together: each as if it stood alone, in as few passes as that takes."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    FalconConfig,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    PreTrainedModel,
    Qwen2Config,
)

from jmlr_cli.contracts.values import Option, Passage, Question
from jmlr_plugins.generators.likelihood import Encoded, answer_nll_sums
from jmlr_plugins.generators.options import Asked, option_nll_sums

SMALL = {"vocab_size": 90, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
WIDE = {**SMALL, "intermediate_size": 48, "max_position_embeddings": 256}
MODELS = {
    "llama": LlamaConfig(**WIDE, num_key_value_heads=2),
    "gpt2, learned positions": GPT2Config(vocab_size=90, n_embd=32, n_layer=2, n_head=4, n_positions=256),
    "bloom, distances": BloomConfig(vocab_size=90, hidden_size=32, n_layer=2, n_head=4),
    "falcon, distances": FalconConfig(**SMALL, alibi=True, new_decoder_architecture=False),
    "mistral, a window that holds the prompts": MistralConfig(**WIDE, num_key_value_heads=2, sliding_window=64),
    "mistral, a window that does not": MistralConfig(**WIDE, num_key_value_heads=2, sliding_window=12),
    "qwen2, full and sliding layers": Qwen2Config(
        **WIDE, num_key_value_heads=2, use_sliding_window=True, sliding_window=12, max_window_layers=1
    ),
    "mamba, a state instead of keys": MambaConfig(vocab_size=90, hidden_size=32, num_hidden_layers=2, state_size=4),
}
ASKED = [
    Asked([5, 9, 3, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61], [[2], [8, 4, 6], [8, 5], [71, 72, 73, 74]]),
    Asked([4, 8, 15], [[16, 23], [42], [16, 23]]),
    Asked([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [[11], [12]]),
    Asked([40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50], [[51, 52, 53, 54, 55, 56], [1]]),
]


def model_of(name: str) -> PreTrainedModel:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(MODELS[name]).eval()
    for parameter in model.parameters():  # far from uniform, so that a token read at the wrong place shows
        torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.parametrize("budget", [1, 60, 10_000])
@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_every_answer_is_scored_as_if_it_stood_alone_whatever_the_model_remembers_a_prompt_by(name, budget):
    model = model_of(name)
    together = option_nll_sums(model, ASKED, budget)
    for asked, sums in zip(ASKED, together, strict=True):
        alone = [answer_nll_sums(model, [Encoded(asked.prompt, answer)]).item() for answer in asked.answers]
        assert sums == pytest.approx(alone, abs=1e-3)
        assert len(set(alone)) == len(set(map(tuple, asked.answers)))


@torch.no_grad()
def passes(model: PreTrainedModel, asked: list[Asked], budget: int = 10_000) -> list[tuple[int, int]]:
    """Rows and tokens, those remembered counted, of each forward pass."""
    seen = []

    def note(_, arguments, keywords) -> None:
        rows, new = keywords["input_ids"].shape
        past = keywords.get("past_key_values")
        seen.append((rows, rows * (new + (past.get_seq_length() if past else 0))))

    hook = model.register_forward_pre_hook(note, with_kwargs=True)
    option_nll_sums(model, asked, budget)
    hook.remove()
    return seen


def test_single_tokens_take_one_pass_for_all_questions_and_longer_answers_one_more():
    model = model_of("llama")
    letters = [Asked(each.prompt, [[1], [2], [3], [4]]) for each in ASKED]
    assert [rows for rows, _ in passes(model, letters)] == [4]
    assert [rows for rows, _ in passes(model, ASKED)] == [4, 6]  # 6 of the 11 answers have more than one token


@pytest.mark.parametrize("budget", [40, 80, 120])
def test_no_pass_over_several_prompts_is_larger_than_the_budget(budget):
    asked = [Asked(list(range(1, length)), [[1, 2], [3, 4, 5], [6]]) for length in (5, 8, 9, 12, 12, 6)]
    found = passes(model_of("llama"), asked, budget)
    assert len(found) > 2
    assert all(tokens <= budget for _, tokens in found)


def test_nothing_asked_takes_no_pass():
    assert passes(model_of("llama"), []) == []


@pytest.mark.parametrize("kind", ["plain_folder", "chat_folder", "sentencepiece_folder"])
def test_questions_scored_together_are_scored_as_each_alone(make, request, kind):
    generator = make(request.getfixturevalue(kind), lora={"r": 4})
    generator.add_adapters()
    for name, weight in generator.module.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    options = (Option("A", "Aspirin"), Option("B", "Beta blocker for the heart"), Option("C", "Insulin"))
    text = "Insulin lowers the blood sugar in diabetes. "
    passages = [[Passage("p", "d", "", text * n, 0)] for n in (1, 5, 2)]
    answers = [["A", "B", "C"], [f"{option.label}. {option.text}" for option in options], ["Aspirin", "C"]]
    asked = [Question(str(n), f"Which drug is the {'very ' * n}best?", options, "C") for n in range(3)]
    prompts = [generator.render(question, read) for question, read in zip(asked, passages, strict=True)]
    together = generator.options_scores(prompts, answers)
    for question, read, texts, scores in zip(asked, passages, answers, together, strict=True):
        alone = generator.answer_scores([generator.render(question, read, text) for text in texts])
        assert [score.nll_sum for score in scores] == pytest.approx([score.nll_sum for score in alone], abs=1e-3)
        assert [score.tokens for score in scores] == [score.tokens for score in alone]
