"""A model whose frozen weights are spread over processes, each holding a part of every layer (FSDP, Zhao et al. 2023).

A layer's weights are gathered when it is reached, forwards and backwards, and let go again. So all processes must make equally
many forward passes, with and without gradient, though their prompts fall into different numbers of batches: each announces
its passes, and whoever has none left makes one of a single token instead.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch.distributed import ProcessGroup, ReduceOp, all_reduce
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from transformers import PreTrainedModel

from jmlr_cli.devices import device
from jmlr_cli.errors import InputError

NONE, SCORING, LEARNING = range(3)
"""What a process announces: no further pass, one without gradient, one with."""


class Shards:
    """A ``model`` that the processes of ``mesh`` hold together; ``control`` is a group of the same processes on CPUs. What
    learns, the adapters, is whole in each.

    Raises :class:`InputError` when the model does not tell its layers."""

    def __init__(self, model: PreTrainedModel, mesh: DeviceMesh, control: ProcessGroup) -> None:
        self._model = model
        self._control = control
        self._idle = False
        _spread(model, mesh)
        # before FSDP's own hook, which gathers: nobody may wait there for a process that waits to be told
        model.register_forward_pre_hook(self._announce, prepend=True)

    def catch_up(self) -> torch.Tensor:
        """Make the passes that others still make before they call this. Returns a zero that leads back through those
        with gradient, so that the backward pass makes them, too."""
        zero = torch.zeros((), device=self._model.device)
        while (kind := self._most(NONE)) != NONE:
            with torch.set_grad_enabled(kind == LEARNING):
                zero = zero + self._pass_of_one_token()
        return zero

    def _pass_of_one_token(self) -> torch.Tensor:
        self._idle = True
        try:
            ids = torch.zeros((1, 1), dtype=torch.long, device=self._model.device)
            return self._model(input_ids=ids, use_cache=False).logits.float().sum() * 0
        finally:
            self._idle = False

    def _announce(self, *_: Any) -> None:
        if not self._idle:
            self._most(LEARNING if torch.is_grad_enabled() else SCORING)

    def _most(self, kind: int) -> int:
        told = torch.tensor(kind)
        all_reduce(told, ReduceOp.MAX, self._control)
        return int(told)


def _spread(model: PreTrainedModel, mesh: DeviceMesh) -> None:
    names = set(model._no_split_modules or ())
    layers = [module for module in model.modules() if type(module).__name__ in names]
    if not layers:
        raise InputError(f"{model.name_or_path} does not tell which of its layers can be spread", "Set training.fsdp to false.")
    learning = {value for value in model.parameters() if value.requires_grad}
    for value in learning:
        value.data = value.data.to(device())
    # FSDP warns of what nobody does here: to change logits in place
    warnings.filterwarnings("ignore", message=".*returned a view tensor")
    for module in (*layers, model):
        fully_shard(module, mesh=mesh, ignored_params=learning)
