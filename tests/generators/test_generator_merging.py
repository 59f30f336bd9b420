"""Adapters are merged while the model scores, and the weights stay as they were."""

from __future__ import annotations

import pytest
import torch

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Passage, Question
from jmlr_plugins.generators.causal_lm import CausalLMGenerator
from jmlr_plugins.generators.merging import LoraLinear, merged_where_cheaper


@pytest.fixture
def adapted(decoder):
    """A tiny Llama whose adapters say something."""
    lora = {"r": 8, "alpha": 16, "targets": ("q_proj", "v_proj", "down_proj", "lm_head")}
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


def test_merged_and_live_adapters_give_the_same_likelihoods(adapted, prompts):
    with torch.no_grad():
        merged = adapted.answer_nll(prompts)
    live = adapted.answer_nll(prompts).detach()  # with gradient, adapters stay live
    assert torch.allclose(merged, live, atol=1e-4)
    with adapted.module.disable_adapter(), torch.no_grad():
        assert not torch.allclose(merged, adapted.answer_nll(prompts), atol=1e-2)


def test_scoring_leaves_every_weight_and_method_as_it_was(adapted, prompts):
    before = {name: value.clone() for name, value in adapted.module.state_dict().items()}
    with torch.no_grad():
        adapted.answer_nll(prompts)
    assert all(torch.equal(before[name], value) for name, value in adapted.module.state_dict().items())
    assert not any("forward" in vars(layer) for layer in adapted.module.modules())


def test_a_layer_is_merged_only_when_that_is_cheaper(adapted):
    layer = next(layer for layer in adapted.module.modules() if type(layer) is LoraLinear)
    merged = []
    delta = layer.get_delta_weight
    layer.get_delta_weight = lambda adapter: (merged.append(adapter), delta(adapter))[1]
    width = layer.base_layer.in_features
    with torch.no_grad(), merged_where_cheaper(adapted.module):
        layer(torch.randn(1, 2, width))
        assert merged == []
        layer(torch.randn(4, width, width))
        assert merged == ["default"]


def test_training_keeps_its_adapters_live(adapted, prompts):
    adapted.answer_nll(prompts).sum().backward()
    assert any(value.grad is not None and value.grad.abs().sum() > 0 for value in adapted.module.parameters())
