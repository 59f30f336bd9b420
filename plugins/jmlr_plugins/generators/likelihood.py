"""The likelihood of answers under a causal language model.

For a prompt x and an answer a of n tokens, the answer NLL is −Σ_t log p(a_t | x, a_<t) in nats. The output layer
sees only the positions that predict an answer token, and the loss is computed in float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from jmlr_plugins.batching import batches

MOST_TOKENS = 8192
"""Tokens in one forward pass without gradient, when nothing else is wanted."""
FASTEST = {"cpu": 1024}
"""Tokens in such a pass at which a device of this type reads fastest. On a CPU the activations of more leave its cache."""


class Encoded(NamedTuple):
    """Token ids of a prompt and of its answer."""

    prompt: list[int]
    answer: list[int]

    @property
    def length(self) -> int:
        """How many tokens the model reads: the last answer token is only predicted."""
        return len(self.prompt) + len(self.answer) - 1


def answer_nll_sums(model: PreTrainedModel, encoded: Sequence[Encoded]) -> torch.Tensor:
    """The answer NLL of each sequence, ``(n,)`` float32, from one forward pass."""
    ids = padded([[*pair.prompt, *pair.answer[:-1]] for pair in encoded], model.device)
    rows = [row for row, pair in enumerate(encoded) for _ in pair.answer]
    columns = [len(pair.prompt) - 1 + step for pair in encoded for step in range(len(pair.answer))]
    predicted = [token for pair in encoded for token in pair.answer]
    logits, _ = logits_at(model, ids, rows, columns)
    return summed(logits, predicted, rows, len(encoded))


def batched_nll_sums(model: PreTrainedModel, encoded: Sequence[Encoded], budget: int | None = None) -> torch.Tensor:
    """As :func:`answer_nll_sums`, in several passes over sequences of like length, each of at most ``budget`` tokens."""
    groups = batches([pair.length for pair in encoded], model.device.type, budget)
    sums = torch.cat([answer_nll_sums(model, [encoded[place] for place in group]) for group in groups])
    order = torch.tensor([place for group in groups for place in group], device=sums.device)
    return sums[order.argsort()]


def logits_at(
    model: PreTrainedModel, ids: torch.Tensor, rows: Sequence[int], columns: Sequence[int], **arguments: Any
) -> tuple[torch.Tensor, object]:
    """The logits ``(len(rows), vocabulary)`` float32 at the places ``(rows, columns)`` of ``ids (n, length)``, and
    the cache if one was asked for. Padding on the right needs no mask: causal attention never looks ahead."""
    with _output_layer_sees(model, rows, columns):
        output = model(input_ids=ids, **{"use_cache": False, **arguments})
    return output.logits[0].float(), getattr(output, "past_key_values", None)


def padded(sequences: Sequence[list[int]], device: torch.device) -> torch.Tensor:
    """Token ids ``(n, longest)``, padded on the right with zeros that nothing attends to."""
    longest = max(map(len, sequences))
    return torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in sequences], dtype=torch.long, device=device)


def summed(logits: torch.Tensor, predicted: Sequence[int], rows: Sequence[int], count: int) -> torch.Tensor:
    """The NLL of the tokens ``predicted`` by ``logits (n, vocabulary)``, summed by the ``rows`` they belong to, ``(count,)``."""
    device = logits.device
    losses = cross_entropy(logits, torch.tensor(predicted, device=device), reduction="none")
    return torch.zeros(count, device=device).index_add(0, torch.tensor(rows, device=device), losses)


@contextmanager
def _output_layer_sees(model: PreTrainedModel, rows: Sequence[int], columns: Sequence[int]) -> Iterator[None]:
    """Hand the output layer these hidden states alone, ``(1, len(rows), hidden)``. Whatever the model does to its
    logits afterwards (scaling, capping) still happens."""

    def pick(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (inputs[0][rows, columns].unsqueeze(0), *inputs[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        hook.remove()
