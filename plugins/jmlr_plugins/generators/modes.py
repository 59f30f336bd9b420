"""Short-lived states of a model: evaluating, and running within memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from jmlr_cli.errors import MissingError


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """No dropout and no gradient inside; afterwards every layer is in the mode it was in."""
    training = [layer for layer in model.modules() if layer.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for layer in training:
            layer.training = True


@contextmanager
def within_memory(model: str) -> Iterator[None]:
    """Tell running out of memory as a :class:`MissingError`."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        raise MissingError(
            f"out of memory while running {model}",
            "Reduce generator.options.batch_tokens, generator.context or training.batch_size, or choose a smaller model.",
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a GPU or here."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)
