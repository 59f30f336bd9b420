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
    except torch.OutOfMemoryError as error:
        raise _out_of_memory(model) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        raise _out_of_memory(model) from error


def _out_of_memory(model: str) -> MissingError:
    return MissingError(
        f"out of memory while running {model}",
        "Reduce generator.options.batch_tokens, generator.context or training.batch_size, or choose a smaller model.",
    )
