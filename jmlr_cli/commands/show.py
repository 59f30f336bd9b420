"""How results look on a terminal, and their JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jmlr_cli import console
from jmlr_cli.contracts.values import Hit

SNIPPET = 400


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as the command line's JSON shows it."""
    passage = hit.passage
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "passage": passage.id,
        "document": passage.document,
        "title": passage.title,
        "text": passage.text,
        "metadata": dict(passage.metadata),
    }


def show_hits(hits: Sequence[Hit], cited: Sequence[int] = (), whole: bool = False) -> None:
    """List passages, the cited ones marked."""
    for hit in hits:
        mark = "bold green" if hit.rank in cited else "bold"
        title, document = escape(hit.passage.title), escape(hit.passage.document)
        console.out().print(f"[{mark}]\\[{hit.rank}][/{mark}] [bold]{title}[/bold]  [dim]{document}  score {hit.score:.3f}[/dim]")
        text = hit.passage.text
        shown = text if whole or len(text) <= SNIPPET else f"{text[:SNIPPET].rsplit(' ', 1)[0]} …"
        console.out().print(Text(shown), style="dim" if hit.rank not in cited else "")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Show a table under its title; the columns numbered in ``right`` are aligned to the right."""
    made = Table(header_style="bold", show_header=any(columns), box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number in right else "left", overflow="fold", no_wrap=number == 0)
    for row in rows:
        made.add_row(*map(escape, row))
    if title:
        console.out().print(f"[bold]{escape(title)}[/bold]", soft_wrap=True)
    console.out().print(made)


def percent(value: float, bounds: Sequence[float]) -> str:
    """A share with its interval: ``71.7 [62.9, 79.0]``."""
    return f"{value * 100:.1f} [{bounds[0] * 100:.1f}, {bounds[1] * 100:.1f}]"


def number(value: float, bounds: Sequence[float]) -> str:
    """A number with its interval: ``0.712 [0.650, 0.781]``."""
    return f"{value:.3f} [{bounds[0]:.3f}, {bounds[1]:.3f}]"
