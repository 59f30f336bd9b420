"""One of two processes that hold a model together: tells what it holds and what it computes, beside a whole model."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.distributed.tensor import DTensor

from jmlr_cli.contracts.config import GeneratorConfig, LoraConfig
from jmlr_cli.contracts.values import Passage, Prompt, Question
from jmlr_cli.devices import in_main_memory
from jmlr_cli.launch import join, meshed, rank
from jmlr_plugins.generators.causal_lm import CausalLMGenerator

QUESTION = Question(id="q", text="Which drug is given for pain?", answer="Paracetamol")
TEXTS = ("Aspirin thins the blood. " * 9, "Paracetamol is given for pain.", "Insulin lowers the blood sugar. " * 4)


def main(model: str, out: str) -> None:
    """Process 0 scores one prompt and learns from none; the other scores three and learns from two, each in a pass of its own."""
    join()
    config = GeneratorConfig(model=model, options={"batch_tokens": 1}, lora=LoraConfig(dropout=0.0))
    whole, spread = adapted(config), adapted(config)
    spread.shard(*meshed())
    prompts = [
        whole.render(QUESTION, [Passage(id=str(n), document="d", title="", text=text, position=0)], QUESTION.answer)
        for n, text in enumerate(TEXTS)
    ]
    scored, learned = (prompts[:1], []) if rank() == 0 else (prompts, prompts[:2])
    found = {"scored": both(whole, spread, scored), "gradients": gradients(whole, learned), "spread": gradients(spread, learned)}
    weights = [value for value in spread.module.parameters() if not value.requires_grad]
    found["held"] = sum(value.to_local().numel() for value in weights if isinstance(value, DTensor))
    found["all"] = sum(value.numel() for value in weights)
    Path(out, f"{rank()}.json").write_text(json.dumps(found))


def adapted(config: GeneratorConfig) -> CausalLMGenerator:
    """The model with adapters that change what it says, the same ones in each process."""
    generator = CausalLMGenerator(config)
    with in_main_memory():
        generator.add_adapters()
    torch.manual_seed(0)
    for name, value in generator.module.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(value, std=0.05)
    return generator


def both(whole: CausalLMGenerator, spread: CausalLMGenerator, prompts: Sequence[Prompt]) -> list[list[float]]:
    with torch.no_grad():
        found = [one.answer_nll(prompts).tolist() for one in (whole, spread)]
        spread.catch_up()
    return found


def gradients(generator: CausalLMGenerator, prompts: Sequence[Prompt]) -> list[float]:
    """How long the gradient of each adapter's matrix is, of a loss over no prompt or several, each in a pass of its own."""
    losses = [generator.answer_nll([prompt]).sum() for prompt in prompts]
    zero = generator.catch_up()
    loss = torch.stack([*losses, *([] if zero is None else [zero])]).sum() if losses or zero is not None else None
    if loss is not None and loss.requires_grad:
        loss.backward()
    learning = [value for value in generator.module.parameters() if value.requires_grad]
    return [0.0 if value.grad is None else value.grad.norm().item() for value in learning]


if __name__ == "__main__":
    main(*sys.argv[1:])
