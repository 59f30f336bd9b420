"""A language model whose frozen weights are quantised: what it holds, what it says, and what learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft.utils.integrations import dequantize_bnb_weight
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.models.catalogue import Shape
from jmlr_cli.training.plan import weight_bytes

bitsandbytes = pytest.importorskip("bitsandbytes", reason="the extra quantization is not installed")

LORA = {"r": 4, "alpha": 8, "dropout": 0.0}
BITS = {"nf4": 4, "int8": 8}


@pytest.fixture(scope="module")
def outspoken_folder(tmp_path_factory, plain_folder) -> Path:
    """A model with weights large enough that its answers differ in likelihood by nats."""
    folder = tmp_path_factory.mktemp("outspoken")
    tokenizer = AutoTokenizer.from_pretrained(plain_folder)
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=256, max_position_embeddings=512, initializer_range=0.1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def prompts(make, outspoken_folder, question):
    generator = make(outspoken_folder)
    return [generator.render(question, [], answer) for answer in ("C. Insulin", "B", "A. Beta blocker", "paracetamol")]


@pytest.fixture(params=BITS)
def quantised(request, make, outspoken_folder):
    return make(outspoken_folder, quantization=request.param, lora=LORA)


def layers(module: torch.nn.Module) -> dict[str, torch.nn.Linear]:
    """The quantised layers by the names that they have in the bare model."""
    kinds = (bitsandbytes.nn.Linear4bit, bitsandbytes.nn.Linear8bitLt)
    plain = {name.removeprefix("base_model.model."): layer for name, layer in module.named_modules() if isinstance(layer, kinds)}
    return {name.removesuffix(".base_layer"): layer for name, layer in plain.items()}


def restored(layer: torch.nn.Linear) -> torch.Tensor:
    """The weight that the layer multiplies by, float32."""
    state = layer.weight.quant_state if isinstance(layer, bitsandbytes.nn.Linear4bit) else layer.state
    return dequantize_bnb_weight(layer.weight, state=state).float()


def with_adapters(generator):
    """Adapters that say something, the same ones each time."""
    torch.manual_seed(1)
    generator.add_adapters()
    for name, weight in generator.module.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(std=0.1)
    return generator


def gradients(generator, prompts) -> dict[str, torch.Tensor]:
    generator.module.zero_grad()
    generator.answer_nll(prompts).mean().backward()
    return {name: weight.grad.clone() for name, weight in generator.module.named_parameters() if weight.grad is not None}


def test_every_layer_but_the_output_is_held_in_so_many_bits(quantised, make, outspoken_folder):
    whole = dict(make(outspoken_folder).module.named_modules())
    found = layers(quantised.module)
    assert found.keys() == {name for name, layer in whole.items() if isinstance(layer, torch.nn.Linear)} - {"lm_head"}
    bits = BITS[quantised.config.quantization]
    error = {4: 0.11, 8: 0.02}[bits]
    for name, layer in found.items():
        assert layer.weight.nbytes * 8 == whole[name].weight.numel() * bits
        assert 0 < (restored(layer) - whole[name].weight).norm() < error * whole[name].weight.norm()


def test_likelihoods_stay_near_those_of_the_whole_weights(quantised, make, outspoken_folder, prompts):
    with torch.no_grad():
        whole, near = make(outspoken_folder).answer_nll(prompts), quantised.answer_nll(prompts)
    assert not torch.equal(whole, near)
    assert (whole - near).abs().max() < 0.25 * (whole.max() - whole.min())


@pytest.mark.parametrize("repacks", [False, True], ids=["", "on a CPU that repacks"])
def test_the_gradient_is_that_of_the_weights_it_multiplies_by_also_after_scoring(
    make, outspoken_folder, prompts, monkeypatch, repacks
):
    """bitsandbytes repacks 4-bit weights on a CPU with AVX512-BF16 once they are used without gradient."""
    monkeypatch.setattr(bitsandbytes.nn.modules, "has_avx512bf16", lambda: repacks, raising=False)
    quantised = with_adapters(make(outspoken_folder, quantization="nf4", lora=LORA))
    plain = make(outspoken_folder, lora=LORA)
    for name, layer in layers(quantised.module).items():
        plain.module.get_submodule(name).weight.data = restored(layer)
    with_adapters(plain)
    with torch.no_grad():
        scores = quantised.answer_nll(prompts)
        assert torch.allclose(scores, plain.answer_nll(prompts), atol=1e-4)
    expected, found = gradients(plain, prompts), gradients(quantised, prompts)
    assert found.keys() == expected.keys()
    assert all(expected[name].abs().sum() > 0 for name in expected)
    assert all(torch.allclose(found[name], expected[name], rtol=1e-3, atol=1e-5) for name in expected)


def test_int8_gradients_point_where_those_of_its_weights_do(make, outspoken_folder, prompts):
    """int8 rounds its inputs as well, so gradients agree in direction only."""
    quantised, plain = (with_adapters(make(outspoken_folder, quantization=kind, lora=LORA)) for kind in ("int8", None))
    expected, found = gradients(plain, prompts), gradients(quantised, prompts)
    assert found.keys() == expected.keys()
    flat = [torch.cat([gradient[name].flatten() for name in sorted(gradient)]) for gradient in (expected, found)]
    assert torch.cosine_similarity(*flat, dim=0) > 0.98


def test_training_moves_the_adapters_and_no_byte_of_the_frozen_weights(quantised, prompts):
    with_adapters(quantised)
    before = {name: weight.detach().clone() for name, weight in quantised.module.named_parameters()}
    learning = [weight for weight in quantised.module.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=1e-2)
    quantised.module.train()
    losses = []
    for _ in range(5):
        loss = quantised.answer_nll(prompts, end=True).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.1
    moved = {name for name, weight in quantised.module.named_parameters() if not torch.equal(weight, before[name])}
    assert moved == {name for name in before if "lora_" in name}


def test_checkpointed_activations_change_no_gradient(quantised, make, outspoken_folder, prompts):
    recomputing = make(
        outspoken_folder, quantization=quantised.config.quantization, lora=LORA, options={"gradient_checkpointing": True}
    )
    both = []
    for generator in (quantised, recomputing):
        with_adapters(generator).module.train()
        both.append(gradients(generator, prompts))
    assert both[0].keys() == both[1].keys()
    assert all(torch.allclose(both[0][name], both[1][name], atol=1e-6) for name in both[0])


def test_saved_adapters_come_back_over_the_same_quantised_weights(quantised, make, outspoken_folder, prompts, tmp_path):
    with_adapters(quantised)
    quantised.save(tmp_path)
    again = make(outspoken_folder, quantization=quantised.config.quantization)
    again.load_adapters(tmp_path)
    quantised.module.eval()
    with torch.no_grad():
        assert torch.equal(again.answer_nll(prompts), quantised.answer_nll(prompts))
    assert again.generate(prompts, 4) == quantised.generate(prompts, 4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_plan_counts_the_bytes_that_the_weights_take(quantised, make, tmp_path, dtype, outspoken_folder):
    tokenizer = AutoTokenizer.from_pretrained(outspoken_folder)
    shape = Shape(
        layers=2, hidden=512, intermediate=1024, heads=4, kv_heads=2, vocabulary=len(tokenizer), context=512, tied=False,
        gated=True,
    )  # fmt: skip
    config = LlamaConfig(
        vocab_size=shape.vocabulary, hidden_size=shape.hidden, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads, intermediate_size=shape.intermediate, tie_word_embeddings=False,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    module = make(tmp_path, quantization=quantised.config.quantization, dtype=dtype).module
    held = sum(value.nbytes for value in {**module.state_dict(), **dict(module.named_parameters())}.values())
    planned = weight_bytes(shape, GeneratorConfig(quantization=quantised.config.quantization, dtype=dtype))
    assert planned == pytest.approx(held, rel=0.02)
