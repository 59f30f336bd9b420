"""How results look on a terminal, and their JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jmlr_cli import console
from jmlr_cli.contracts.values import Hit

SNIPPET = 400
CITED = "bold green"


def show_answer(pieces: Iterable[str]) -> str:
    """Show an answer as it is written, its citation marks in colour; return it."""
    answer = ""
    try:
        for piece in pieces:
            answer += piece
            text = Text(piece)
            text.highlight_regex(r"\[\d+\]", CITED)
            console.out().print(text, end="", soft_wrap=True)
    finally:
        console.out().print()
    return answer


def show_cited(hits: Sequence[Hit], cited: Sequence[int]) -> None:
    """Name the passages that an answer cites, a line each."""
    for hit in hits:
        if hit.rank in cited:
            console.out().print(_named(hit, CITED))


def show_hits(hits: Sequence[Hit], cited: Sequence[int] = (), whole: bool = False) -> None:
    """List passages, the cited ones marked."""
    for hit in hits:
        console.out().print(_named(hit, CITED if hit.rank in cited else "bold"))
        text = hit.passage.text
        shown = text if whole or len(text) <= SNIPPET else f"{text[:SNIPPET].rsplit(' ', 1)[0]} …"
        console.out().print(Text(shown), style="dim" if hit.rank not in cited else "")


def _named(hit: Hit, mark: str) -> str:
    title, document = escape(hit.passage.title), escape(hit.passage.document)
    return f"[{mark}]\\[{hit.rank}][/{mark}] [bold]{title}[/bold]  [dim]{document}  score {hit.score:.3f}[/dim]"


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
