"""A figure of matplotlib as a file. Nothing of matplotlib is imported before there is one."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from jmlr_cli.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_png(figure: Figure, path: Path) -> None:
    """Draw the figure, and write it whole."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    write_whole(path, picture.getvalue())
