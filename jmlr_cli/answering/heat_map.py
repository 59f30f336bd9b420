"""Which token of a question matched which token of each passage, as a picture."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jmlr_cli.contracts.values import Hit, TokenMatch
from jmlr_cli.errors import InputError
from jmlr_cli.plain import plain
from jmlr_cli.png import write_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 0.28
"""The height of a row and the width of a column, in inches."""


@dataclass(frozen=True)
class HeatMap:
    """A passage's matches: ``rows`` are the question's tokens, ``columns`` the passage's that one of them matched best, both in
    the order of the text; ``cells`` maps (row, column) to the similarity. ``beside`` is the sum over tokens that are no text
    (markers, [MASK]), which completes the score."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[int, int], float]
    beside: float


def draw_heat_maps(query: str, hits: Sequence[Hit], explained: Sequence[Sequence[TokenMatch] | None], path: Path) -> None:
    """Write a PNG with the matches of each hit, below one another. ``explained`` holds what the retriever's ``explain`` said of
    each. Raises :class:`InputError` where there is nothing to draw."""
    if not hits:
        raise InputError("no passage was found to draw a heat map of", "Ask another question, or widen --where.")
    maps = [heat_map(query, hit, matches) for hit, matches in zip(hits, explained, strict=True) if matches is not None]
    if not maps:
        what = "this index's retriever does not score a passage by token matches"
        raise InputError(what, "A heat map needs an index of colbert, or of a retriever that is made of it.")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a script that the font lacks is drawn as boxes
        write_png(_figure(query, maps), path)


def heat_map(query: str, hit: Hit, matches: Sequence[TokenMatch]) -> HeatMap:
    """The matches of one passage, in rows and columns."""
    text = hit.passage.content
    worded = sorted((each for each in matches if _is_text(each.query)), key=lambda each: each.query)
    columns = sorted({each.passage for each in worded})
    cells = {(row, columns.index(each.passage)): each.similarity for row, each in enumerate(worded)}
    return HeatMap(
        title=f"[{hit.rank}] {plain(hit.passage.title or hit.passage.document)}, score {hit.score:.3f}",
        rows=tuple(plain(query[slice(*each.query)]) for each in worded),
        columns=tuple(plain(text[slice(*span)]) if _is_text(span) else "[marker]" for span in columns),
        cells=cells,
        beside=sum(each.similarity for each in matches if not _is_text(each.query)),
    )


def _is_text(span: tuple[int, int]) -> bool:
    return span[0] < span[1]


def _figure(query: str, maps: Sequence[HeatMap]) -> Figure:
    from matplotlib.figure import Figure

    heights = [CELL * len(each.rows) + 1.6 for each in maps]
    width = CELL * max(len(each.columns) for each in maps) + 2.5
    figure = Figure(figsize=(max(width, 7), sum(heights) + 0.6), layout="constrained")
    figure.suptitle(f"{plain(query)}\nsimilarity of each token to the passage's nearest", fontsize=10, parse_math=False)
    axes = figure.subplots(len(maps), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axis, each in zip(axes, maps, strict=True):
        _draw(axis, each)
    return figure


def _draw(axis: Any, shown: HeatMap) -> None:
    """One passage's cells, each with its similarity."""
    import numpy as np

    values = np.full((len(shown.rows), len(shown.columns)), np.nan)
    for place, similarity in shown.cells.items():
        values[place] = similarity
    axis.imshow(values, cmap="YlGnBu", vmin=0, vmax=1, aspect="equal")
    axis.set_anchor("W")
    for (row, column), similarity in shown.cells.items():
        axis.text(column, row, f"{similarity:.2f}", ha="center", va="center", fontsize=6, color="w" if similarity > 0.6 else "k")
    axis.set_xticks(range(len(shown.columns)), shown.columns, rotation=60, ha="right", fontsize=7, parse_math=False)
    axis.set_yticks(range(len(shown.rows)), shown.rows, fontsize=7, parse_math=False)
    named = sum(shown.cells.values())
    sums = f"the tokens shown sum to {named:.3f}, markers and masks to {shown.beside:.3f}"
    axis.set_title(f"{shown.title}\n{sums}", fontsize=8, loc="left", parse_math=False)
