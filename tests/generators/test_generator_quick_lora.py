"""Adapters are fused while the model learns and merged while it scores, and the weights stay as they were."""

from __future__ import annotations

import pytest
import torch
from peft.tuners.lora import Linear as LoraLinear

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Passage, Question
from jmlr_plugins.generators import quick_lora
from jmlr_plugins.generators.causal_lm import CausalLMGenerator


@pytest.fixture
def adapted(decoder):
    """A tiny Llama whose adapters say something."""
    lora = {"r": 8, "alpha": 16, "dropout": 0.0, "targets": ("q_proj", "v_proj", "down_proj", "lm_head")}
    generator = CausalLMGenerator(GeneratorConfig(model=str(decoder), lora=lora))
    generator.add_adapters()
    torch.manual_seed(1)
    for name, value in generator.module.named_parameters():
        if "lora_B" in name:
            value.data.normal_(std=0.2)
    generator.module.eval()
    return generator


@pytest.fixture
def prompts(adapted, tiny_texts):
    passages = [Passage(f"p{n}", "d", "", text * 9, 0) for n, text in enumerate(tiny_texts)]
    question = Question("q", "What treats malaria?", answer="Artemether")
    return [adapted.render(question, [passage], "Artemether with lumefantrine") for passage in passages]


@pytest.fixture
def layer(adapted):
    return next(layer for layer in adapted.module.modules() if type(layer) is LoraLinear)


def as_peft_does(module: torch.nn.Module) -> None:
    """Take the quicker forward passes off."""
    for layer in module.modules():
        vars(layer).pop("forward", None)


def test_merged_fused_and_ordinary_adapters_give_the_same_likelihoods_and_gradients(adapted, prompts):
    with torch.no_grad():
        merged = adapted.answer_nll(prompts)
    gradients = []
    for prepare in (lambda module: None, as_peft_does):
        prepare(adapted.module)
        adapted.module.zero_grad()
        live = adapted.answer_nll(prompts)
        live.sum().backward()
        assert torch.allclose(merged, live.detach(), atol=1e-4)
        gradients.append({n: p.grad.clone() for n, p in adapted.module.named_parameters() if p.grad is not None})
    fused, ordinary = gradients
    assert fused.keys() == ordinary.keys()
    assert any(value.abs().sum() > 0 for value in fused.values())
    assert all(torch.allclose(fused[name], ordinary[name], atol=1e-4) for name in fused)


def test_adapters_that_are_switched_off_stay_off(adapted, prompts):
    with torch.no_grad():
        on = adapted.answer_nll(prompts)
        with adapted.module.disable_adapter():
            off = adapted.answer_nll(prompts)
    assert (on - off).abs().max() > 1e-2


def test_scoring_leaves_every_weight_as_it_was(adapted, prompts):
    before = {name: value.clone() for name, value in adapted.module.state_dict().items()}
    with torch.no_grad():
        adapted.answer_nll(prompts)
    assert all(torch.equal(before[name], value) for name, value in adapted.module.state_dict().items())


def test_a_layer_is_merged_once_in_a_scoring_and_only_when_that_is_cheaper(layer):
    merged = []
    delta = layer.get_delta_weight
    layer.get_delta_weight = lambda adapter: (merged.append(adapter), delta(adapter))[1]
    width = layer.base_layer.in_features
    with torch.no_grad():
        layer(torch.randn(4, width, width))
        assert merged == []  # not scoring: an answer is written token by token
        for _ in range(2):
            with quick_lora.scoring():
                layer(torch.randn(1, 2, width))
                layer(torch.randn(4, width, width))
                layer(torch.randn(4, width, width))
    assert merged == ["default"] * 2


def test_what_has_no_room_is_merged_in_each_pass(layer, monkeypatch):
    monkeypatch.setattr(quick_lora, "HELD_BYTES", 0)
    merged = []
    delta = layer.get_delta_weight
    layer.get_delta_weight = lambda adapter: (merged.append(adapter), delta(adapter))[1]
    width = layer.base_layer.in_features
    with torch.no_grad(), quick_lora.scoring():
        outputs = [layer(torch.ones(4, width, width)) for _ in range(2)]
    assert merged == ["default"] * 2
    assert torch.equal(*outputs)


@pytest.mark.parametrize("share", [0.05, 0.3, 1e-9])
def test_dropout_drops_its_share_keeps_the_mean_and_passes_no_gradient_to_what_was_dropped(layer, share):
    """The adapter is made to hand each of its first r inputs on, so that one sees which were dropped."""
    r, width = layer.lora_A["default"].weight.shape
    layer.lora_dropout["default"] = torch.nn.Dropout(share)
    layer.lora_A["default"].weight.data.copy_(torch.eye(r, width))
    layer.lora_B["default"].weight.data.copy_(torch.eye(layer.base_layer.out_features, r))
    layer.base_layer.weight.data.zero_()
    layer.train()
    inputs = torch.ones(3, 2001, width, requires_grad=True)
    torch.manual_seed(0)
    outputs = layer(inputs)[..., :r]
    outputs.sum().backward()
    dropped = outputs == 0
    spread = (share * (1 - share) / dropped.numel()) ** 0.5
    assert dropped.float().mean().item() == pytest.approx(share, abs=4 * spread + 2**-16)
    assert outputs.mean().item() == pytest.approx(layer.scaling["default"], rel=4 * spread / (1 - share) + 2**-16)
    assert torch.equal(inputs.grad[..., :r] == 0, dropped)
    assert dropped.any(0).float().mean() > dropped.float().mean() * 2 or not dropped.any()  # rows differ from one another
    torch.manual_seed(0)
    assert torch.equal(layer(inputs)[..., :r], outputs)
    layer.eval()
    assert not (layer(inputs)[..., :r] == 0).any()


def test_bfloat16_weights_learn_through_float32_adapters(decoder, tiny_texts):
    lora = {"r": 4, "targets": ("q_proj", "down_proj")}
    generator = CausalLMGenerator(GeneratorConfig(model=str(decoder), dtype="bfloat16", lora=lora))
    generator.add_adapters()
    prompt = generator.render(Question("q", "What?", answer="Artemether"), [], "Artemether")
    for mixed in (False, True):
        generator.module.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            generator.answer_nll([prompt]).sum().backward()
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.module.parameters())
