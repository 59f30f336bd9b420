"""Pictures of the benchmarks' figures."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture(text: str) -> Path:
    """An argument that names a picture to draw."""
    if not text.endswith((".svg", ".png")):
        raise argparse.ArgumentTypeError(f"{text!r} ends in neither .svg nor .png")
    return Path(text)


def save(canvas: Figure, path: Path, salt: str) -> None:
    """Write the picture whole: the same figures and ``salt`` give the same bytes."""
    import matplotlib

    from jmlr_cli.files import write_whole

    content = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        canvas.savefig(content, format=path.suffix[1:], dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    write_whole(path, content.getvalue())
