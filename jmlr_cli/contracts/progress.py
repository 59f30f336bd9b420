"""How long work tells how far it is, without knowing what shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the work done since the last call and, when known, the whole of it; ``note`` says how it goes."""

    def __call__(self, advance: int, total: int | None = None, note: str = "") -> None: ...


def silent(advance: int, total: int | None = None, note: str = "") -> None:
    """Show nothing."""
