"""Running a language model within memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jmlr_cli.errors import MissingError
from jmlr_cli.modes import is_out_of_memory


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
