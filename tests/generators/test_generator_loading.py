"""A folder of weights becomes a model, or one sentence says why not."""

from __future__ import annotations

import logging

import pytest
import torch
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.generator import TrainableGenerator
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.models.tiny import build_tiny_encoder
from jmlr_cli.plugins import registry
from jmlr_plugins.generators import loading
from jmlr_plugins.generators.causal_lm import CausalLMGenerator
from jmlr_plugins.generators.loading import load_settings, longest_context, quantization_of


@pytest.mark.parametrize("name", ["causal-lm", "llama2", "meditron"])
def test_the_plugins_are_registered_as_trainable(name):
    plugin = registry().get("generator", name)
    assert issubclass(plugin, TrainableGenerator)
    assert plugin.trainable
    assert plugin.scores_likelihood


def test_making_a_generator_reads_nothing():
    assert CausalLMGenerator(GeneratorConfig(model="/nowhere/model")).name == "/nowhere/model"


def test_a_generator_is_named_as_the_recipe_names_its_model(make, plain_folder):
    assert make(plain_folder).name == plain_folder.name
    assert CausalLMGenerator(GeneratorConfig(model="meta-llama/Llama-2-13b-hf")).name == "meta-llama/Llama-2-13b-hf"


def test_rendering_does_not_load_the_weights(make, plain_folder, question, tmp_path):
    for file in plain_folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    generator = make(tmp_path)
    assert generator.render(question, []).text
    with pytest.raises(InputError, match="cannot be loaded"):
        _ = generator.module


def test_a_recipe_without_a_model_is_told_so(question):
    with pytest.raises(InputError, match="needs a model"):
        CausalLMGenerator(GeneratorConfig()).render(question, [])


def test_an_encoder_is_no_language_model(make, tmp_path):
    build_tiny_encoder(tmp_path, ["some words"])
    with pytest.raises(InputError, match="not a whole language model"):
        _ = make(tmp_path).module


def test_an_empty_folder_is_told_in_one_sentence(make, tmp_path, question):
    with pytest.raises(InputError, match="cannot be loaded") as told:
        make(tmp_path).render(question, [])
    assert "\n" not in str(told.value)


def test_a_models_own_code_is_not_run(make, plain_folder, tmp_path):
    import json

    settings = json.loads((plain_folder / "config.json").read_text())
    settings |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Mine", "AutoModelForCausalLM": "mine.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(MissingError, match="Python code of its own"):
        _ = make(tmp_path).module
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_weights_load_in_the_type_that_is_asked_for(make, plain_folder, name):
    generator = make(plain_folder, dtype=name)
    assert {weight.dtype for weight in generator.module.parameters()} == {getattr(torch, name)}
    assert not generator.module.training


def test_the_context_is_the_models_own(make, plain_folder):
    assert make(plain_folder).context == 2048
    assert make(plain_folder, context=100).context == 100


def test_a_context_beyond_the_models_own_is_cut_and_told(make, plain_folder, caplog):
    with caplog.at_level(logging.WARNING):
        assert make(plain_folder, context=4096).context == 2048
    assert "2048 are used" in caplog.text


@pytest.mark.parametrize(
    "scaling", [{"rope_type": "linear", "factor": 4.0}, {"type": "linear", "factor": 4}, {"rope_type": "yarn", "factor": 4.0}]
)
def test_rope_scaling_raises_the_limit_and_reaches_the_model(make, plain_folder, question, scaling):
    plain, scaled = make(plain_folder), make(plain_folder, rope_scaling=scaling, context=9999)
    assert scaled.context == 4 * 2048
    frequencies = [generator.module.model.rotary_emb.inv_freq for generator in (plain, scaled)]
    assert frequencies[1][-1] == pytest.approx(frequencies[0][-1] / 4)
    prompt = plain.render(question, [], "C. Insulin")
    assert plain.answer_nll([prompt]).item() != pytest.approx(scaled.answer_nll([prompt]).item(), abs=1e-6)


@pytest.mark.parametrize("scaling", [{"rope_type": "spiral"}, {"factor": 2.0}, {"rope_type": "linear"}])
def test_a_rope_scaling_that_cannot_be_is_an_input_error(plain_folder, scaling):
    with pytest.raises(InputError, match="rope_scaling"):
        load_settings(plain_folder, scaling)


def test_learned_positions_cannot_be_scaled(plain_folder, tmp_path, make, question):
    tokenizer = AutoTokenizer.from_pretrained(plain_folder)
    GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=16, n_layer=1, n_head=2)).save_pretrained(
        tmp_path
    )
    tokenizer.save_pretrained(tmp_path)
    assert make(tmp_path).context == 64
    with pytest.raises(InputError, match="no RoPE"):
        make(tmp_path, rope_scaling={"rope_type": "linear", "factor": 2.0}).render(question, [])


def test_a_stretch_that_the_positions_already_count_is_not_counted_twice(plain_folder):
    settings = load_settings(plain_folder, None)
    settings.rope_parameters = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512, "rope_theta": 1e4}
    assert longest_context(settings) == 2048


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_without_bitsandbytes_the_extra_is_named(make, plain_folder, monkeypatch, quantization):
    monkeypatch.setattr(loading, "is_bitsandbytes_available", lambda: False)
    with pytest.raises(MissingError, match=f"{quantization} quantisation needs bitsandbytes") as told:
        _ = make(plain_folder, quantization=quantization).module
    assert "jmlr[quantization]" in told.value.hint


def test_no_quantisation_is_asked_for_by_default():
    assert quantization_of(GeneratorConfig(), torch.float32) is None


def test_running_out_of_memory_is_missing_memory(make, plain_folder, question):
    generator = make(plain_folder)

    def fail(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    prompt = generator.render(question, [], "B")
    generator.module.register_forward_hook(fail)
    with pytest.raises(MissingError, match="out of memory") as told:
        generator.answer_scores([prompt])
    assert "batch_tokens" in told.value.hint
