"""LoRA adapters: what they train, and that they come back as they were saved."""

from __future__ import annotations

import json
import warnings

import pytest
import torch
from safetensors import safe_open
from transformers import LlamaConfig, LlamaForCausalLM

from jmlr_cli.errors import InputError

LORA = {"r": 4, "alpha": 8, "dropout": 0.0}


@pytest.fixture
def told(question):
    def render(generator):
        return [generator.render(question, [], "C. Insulin"), generator.render(question, [], "B")]

    return render


def trained(generator, prompts, steps: int = 3) -> float:
    """A few steps of training; the last loss."""
    weights = [weight for weight in generator.module.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-2)
    for _ in range(steps):
        loss = generator.answer_nll(prompts, end=True).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def test_gradients_reach_the_adapters_and_nothing_else(make, plain_folder, told):
    generator = make(plain_folder, lora=LORA)
    generator.add_adapters()
    generator.answer_nll(told(generator)).mean().backward()
    with_gradient = {name for name, weight in generator.module.named_parameters() if weight.grad is not None}
    assert with_gradient
    assert all("lora_" in name for name in with_gradient)
    assert any("lm_head" in name for name in with_gradient)


def test_a_saved_adapter_is_safetensors_alone_and_names_the_model_of_the_recipe(make, plain_folder, tmp_path):
    generator = make(plain_folder, lora=LORA)
    generator.add_adapters()
    generator.save(tmp_path)
    assert not [file for file in tmp_path.rglob("*") if file.suffix in (".bin", ".pt", ".pkl")]
    with safe_open(tmp_path / "adapter_model.safetensors", "pt") as weights:
        assert all("lora_" in name for name in weights.keys())  # noqa: SIM118 - it is no dictionary
    assert json.loads((tmp_path / "adapter_config.json").read_text())["base_model_name_or_path"] == str(plain_folder)


def test_targets_that_the_model_lacks_are_left_out(make, plain_folder):
    generator = make(plain_folder, lora={**LORA, "targets": ["q_proj", "query_key_value"]})
    generator.add_adapters()
    adapted = {name.split(".lora_")[0].rpartition(".")[2] for name, _ in generator.module.named_parameters() if "lora_" in name}
    assert adapted == {"q_proj"}


def test_no_target_left_is_an_error_that_says_what_there_is(make, plain_folder):
    generator = make(plain_folder, lora={**LORA, "targets": ["query_key_value"]})
    with pytest.raises(InputError, match="query_key_value") as told:
        generator.add_adapters()
    assert "q_proj" in told.value.hint


def test_an_output_layer_tied_to_the_embeddings_takes_an_adapter_quietly(make, plain_folder, told, tmp_path):
    folder = tmp_path / "tied"
    tokenizer = make(plain_folder).tokenizer
    tokenizer.save_pretrained(folder)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=512, tie_word_embeddings=True,
        )
    ).save_pretrained(folder)  # fmt: skip
    generator = make(folder, lora=LORA)
    embeddings = generator.module.get_input_embeddings().weight.clone()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        generator.add_adapters()
        trained(generator, told(generator))
        generator.save(tmp_path / "adapter")
    loaded = make(folder)
    loaded.load_adapters(tmp_path / "adapter")
    generator.module.eval()
    prompts = told(generator)
    assert loaded.answer_nll(prompts).tolist() == pytest.approx(generator.answer_nll(prompts).tolist(), abs=1e-6)
    assert torch.equal(generator.module.get_input_embeddings().weight, embeddings)
    assert (tmp_path / "adapter" / "adapter_model.safetensors").stat().st_size < embeddings.nbytes * 2


def test_adapters_are_float32_over_bfloat16_weights(make, plain_folder, told):
    generator = make(plain_folder, lora=LORA, dtype="bfloat16")
    generator.add_adapters()
    types = {("lora_" in name, weight.dtype) for name, weight in generator.module.named_parameters()}
    assert types == {(True, torch.float32), (False, torch.bfloat16)}
    with torch.autocast("cpu", torch.bfloat16):
        nll = generator.answer_nll(told(generator))
    assert nll.dtype == torch.float32
    nll.mean().backward()


def test_gradient_checkpointing_changes_no_gradient(make, plain_folder, told):
    gradients = []
    for checkpointing in (False, True):
        generator = make(plain_folder, lora=LORA, options={"gradient_checkpointing": checkpointing})
        torch.manual_seed(0)
        generator.add_adapters()
        generator.module.train()
        generator.answer_nll(told(generator)).mean().backward()
        gradients.append({n: w.grad for n, w in generator.module.named_parameters() if w.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    assert all(torch.allclose(gradients[0][name], gradients[1][name], atol=1e-6) for name in gradients[0])


def test_adapters_are_used_in_generating_and_scoring(make, plain_folder, question):
    generator = make(plain_folder, lora=LORA)
    generator.add_adapters()
    trained(generator, [generator.render(question, [], "C. Insulin")], steps=40)
    prompt = generator.render(question, [])
    assert generator.generate([prompt], 20) == ["C. Insulin"]
    scores = generator.option_scores(prompt, ["A. Beta blocker", "C. Insulin"])
    assert scores[1].nll_sum < scores[0].nll_sum


def test_adapters_of_another_model_do_not_fit(make, plain_folder, sentencepiece_folder, tmp_path):
    generator = make(plain_folder, lora=LORA)
    generator.add_adapters()
    generator.save(tmp_path)
    with pytest.raises(InputError, match="do not fit"):
        make(sentencepiece_folder).load_adapters(tmp_path)
