"""The one place that writes to the screen: results on stdout, everything else on stderr.

Whatever a text holds, be it a document's, a file's name or an error's, no code in it reaches the terminal.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jmlr_cli import interrupt
from jmlr_cli.plain import plain, plain_json

if TYPE_CHECKING:
    from rich.console import Console

    from jmlr_cli.contracts.progress import Progress


PAUSE = 30
"""Seconds between two lines of progress where there is no terminal."""


@lru_cache(maxsize=1)
def out() -> Console:
    """Where results go."""
    return _console(highlight=False, soft_wrap=False)


@lru_cache(maxsize=1)
def err() -> Console:
    """Where progress, notices and errors go."""
    return _console(stderr=True, highlight=False)


def _console(**settings: Any) -> Console:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class PlainConsole(Console):
        """Writes the codes of rich's own, and of a text what can be shown."""

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else Segment(plain(segment.text), segment.style)

    return PlainConsole(**settings)


class Warnings(logging.Handler):
    """Shows what libraries and rooms warn of."""

    def emit(self, record: logging.LogRecord) -> None:
        err().print(self.format(record), markup=False, soft_wrap=True)


def show_warnings() -> None:
    """From now on, show warnings here."""
    logging.lastResort = Warnings(logging.WARNING)


def emit(value: dict[str, Any]) -> None:
    """Write one JSON object on stdout."""
    sys.stdout.write(plain_json(json.dumps(value, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def notice(text: str) -> None:
    """Tell people, not programs, what is going on."""
    from rich.markup import escape

    err().print(f"[dim]{escape(text)}[/dim]", soft_wrap=True)  # a path can be copied whole


def complain(message: str, hint: str = "") -> None:
    """Tell people what went wrong, and what to do next."""
    from rich.markup import escape

    err().print(f"[bold red]error:[/bold red] {escape(message)}", soft_wrap=True)
    if hint:
        err().print(f"[dim]hint:[/dim] {escape(hint)}", soft_wrap=True)


@contextmanager
def no_bar(description: str) -> Iterator[Progress]:
    """No bar: another process shows it."""
    from jmlr_cli.contracts.progress import silent

    yield silent


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A bar with rate and time left on a terminal; elsewhere its notes, a line at a time and not too often."""
    if not err().is_terminal:
        yield _noted(description)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(), TextColumn("[dim]left[/dim]"), TimeRemainingColumn(),
    )  # fmt: skip
    with Bars(*columns, console=err(), transient=True) as bars:
        task = bars.add_task(description, total=None, rate="")

        def tell(advance: int, total: int | None = None, note: str = "") -> None:
            interrupt.check()
            if total is not None:
                bars.update(task, total=total)
            bars.update(task, advance=advance, description=f"{description} · {note}" if note else None)
            speed = bars.tasks[task].speed
            bars.update(task, rate=f"{speed:,.1f}/s" if speed else "")

        yield tell


def _noted(description: str) -> Progress:
    """Writes a note with how far the work is, at most every :data:`PAUSE` seconds."""
    done, whole, last = 0, 0, time.monotonic()

    def tell(advance: int, total: int | None = None, note: str = "") -> None:
        nonlocal done, whole, last
        interrupt.check()
        done, whole = done + advance, total if total is not None else whole
        if note and time.monotonic() - last >= PAUSE:
            last = time.monotonic()
            notice(f"{description}: {done:,} of {whole:,} · {note}")

    return tell
