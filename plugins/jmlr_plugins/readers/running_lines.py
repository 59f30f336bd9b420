"""The lines that a printed document repeats on its pages."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain

EDGE = 2
"""Lines at the top and at the bottom of a page among which they are looked for."""

FEWEST_PAGES = 3
PAGE_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")


def without_running_lines(pages: list[str]) -> list[str]:
    """The pages without the lines that more than half of them begin or end with: running titles and page numbers."""
    lines = [[line for line in page.split("\n") if line.strip()] for page in pages]
    counts = Counter(chain.from_iterable(_edge_patterns(page, number) for number, page in enumerate(lines)))
    running = {pattern for pattern, count in counts.items() if count >= FEWEST_PAGES and count > len(pages) / 2}
    return ["\n".join(_kept(page, number, running)) for number, page in enumerate(lines)]


def _edge_patterns(page: list[str], number: int) -> set[str]:
    return {pattern for at in _edges(page) for pattern in _patterns(page[at], number)}


def _kept(page: list[str], number: int, running: set[str]) -> list[str]:
    dropped = {at for at in _edges(page) if _patterns(page[at], number) & running}
    return [line for at, line in enumerate(page) if at not in dropped]


def _edges(page: list[str]) -> set[int]:
    return {at for at in range(len(page)) if at < EDGE or at >= len(page) - EDGE}


def _patterns(line: str, page: int) -> set[str]:
    """The line itself, and the line with each number relative to the page's: only a page number stays the same then,
    a dose does not."""
    line = " ".join(line.split())
    relative = (f"{line[: n.start()]}#{int(n[0]) - page}#{line[n.end() :]}" for n in PAGE_NUMBER.finditer(line))
    return {line, *relative}
