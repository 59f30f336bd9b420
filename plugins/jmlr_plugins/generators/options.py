"""The likelihoods of several answers after each of several prompts. Each prompt is read once.

The logits at its end tell the first token of every answer, so that single letters take one forward pass. Longer answers go
on from the prompt's keys and values in a second pass, one row an answer, for all prompts of the first.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from jmlr_plugins.batching import batches
from jmlr_plugins.generators.likelihood import Encoded, batched_nll_sums, logits_at, padded, summed

SHAREABLE = (DynamicLayer, DynamicSlidingWindowLayer)


class Asked(NamedTuple):
    """Token ids of a prompt and of the answers that are compared after it."""

    prompt: list[int]
    answers: list[list[int]]

    @property
    def length(self) -> int:
        """Tokens that the model reads for the longest answer: its last token is only predicted."""
        return len(self.prompt) + max(map(len, self.answers)) - 1


class Later(NamedTuple):
    """An answer of more than one token: its number among all that are asked for, its prompt's row, its ids."""

    number: int
    row: int
    answer: list[int]


def option_nll_sums(model: PreTrainedModel, asked: Sequence[Asked], budget: int) -> list[list[float]]:
    """The NLL of each answer after its prompt, in nats. Prompts of like length share a pass, and neither pass over them has
    more than ``budget`` tokens (or a single prompt)."""
    rows = max((len(each.answers) for each in asked if each.length > len(each.prompt)), default=1)
    groups = batches([each.length for each in asked], model.device.type, budget // rows)
    found: list[list[float]] = [[] for _ in asked]
    for group in groups:
        sums = _nll_sums(model, [asked[place] for place in group], budget).tolist()
        for place in group:
            found[place], sums = sums[: len(asked[place].answers)], sums[len(asked[place].answers) :]
    return found


def _nll_sums(model: PreTrainedModel, asked: Sequence[Asked], budget: int) -> torch.Tensor:
    """The NLL of every answer, prompt by prompt, ``(n,)`` float32."""
    prompts = [each.prompt for each in asked]
    every = [(row, answer) for row, each in enumerate(asked) for answer in each.answers]
    later = [Later(number, row, answer) for number, (row, answer) in enumerate(every) if len(answer) > 1]
    ends = [len(prompt) - 1 for prompt in prompts]
    logits, cache = logits_at(model, padded(prompts, model.device), range(len(prompts)), ends, use_cache=bool(later))
    sums = -logits.log_softmax(-1)[[row for row, _ in every], [answer[0] for _, answer in every]]
    if not later:
        return sums
    numbers = torch.tensor([each.number for each in later], device=sums.device)
    if not _layers(cache, max(map(len, prompts))):  # what the model remembers of a prompt cannot be shared out
        whole = [Encoded(prompts[each.row], each.answer) for each in later]
        return sums.index_copy(0, numbers, batched_nll_sums(model, whole, budget))
    return sums.index_add(0, numbers, _later_nll_sums(model, cache, [len(prompt) for prompt in prompts], later))


def _later_nll_sums(model: PreTrainedModel, cache: Any, lengths: Sequence[int], later: Sequence[Later]) -> torch.Tensor:
    """The NLL of each answer's tokens after its first, ``(len(later),)``. ``cache`` holds the prompts, of ``lengths`` tokens."""
    ids = padded([each.answer[:-1] for each in later], model.device)
    read = torch.tensor([lengths[each.row] for each in later], device=model.device)
    _spread(_layers(cache, max(lengths)), [each.row for each in later], read)
    places = [(row, column) for row, each in enumerate(later) for column in range(len(each.answer) - 1)]
    rows, columns = [row for row, _ in places], [column for _, column in places]
    logits, _ = logits_at(model, ids, rows, columns, past_key_values=cache, **_where(model, read, max(lengths), ids.shape[1]))
    return summed(logits, [token for each in later for token in each.answer[1:]], rows, len(later))


def _layers(cache: object, longest: int) -> list[Any]:
    """The layers of a cache that holds every token of the prompts as a key and a value; none of another kind of memory."""
    layers: list[Any] = list(cache.layers) if isinstance(cache, DynamicCache) else []
    whole = all(type(layer) in SHAREABLE and layer.keys.shape[-2] == longest for layer in layers)
    return layers if whole else []


def _spread(layers: Sequence[Any], rows: Sequence[int], read: torch.Tensor) -> None:
    """Give each answer its prompt's row, moved to the right so that the answer stands next to it: the layout in which models
    continue prompts of different lengths. ``read (n,)``: the tokens of each answer's prompt."""
    for layer in layers:
        (heads, longest), device = layer.keys.shape[1:3], layer.keys.device
        place = torch.arange(longest, device=device) - (longest - read.to(device))[:, None]
        index = (
            torch.tensor(rows, device=device)[:, None, None],
            torch.arange(heads, device=device)[None, :, None],
            place.clamp(min=0)[:, None, :],
        )
        layer.keys, layer.values = layer.keys[index], layer.values[index]


def _where(model: PreTrainedModel, read: torch.Tensor, longest: int, new: int) -> dict[str, Any]:
    """What tells the model where its new tokens stand: a mask ``(n, longest + new)`` that leaves out what is before a prompt,
    and, where the model takes them, positions ``(n, new)``; other models count them by the mask or by distance."""
    bare = getattr(model, "get_base_model", lambda: model)()  # what adapters wrap names no arguments of its own
    mask = (torch.arange(longest + new, device=read.device) >= (longest - read)[:, None]).long()
    if "position_ids" not in inspect.signature(bare.forward).parameters:
        return {"attention_mask": mask}
    return {"attention_mask": mask, "position_ids": read[:, None] + torch.arange(new, device=read.device)}
