"""A report on disk: the page, and its data beside it."""

from __future__ import annotations

from pathlib import Path

from jmlr_cli.errors import UsageError
from jmlr_cli.files import write_json, write_whole
from jmlr_cli.report.content import Report
from jmlr_cli.report.page import render_page
from jmlr_cli.report.pictures import draw_pictures

SUFFIXES = (".html", ".htm")


def write_report(report: Report, page: Path) -> Path:
    """Write ``page``, and the same data beside it under the same name as ``.json``, which is returned.

    Raises :class:`UsageError` when ``page`` is not named as a page, and when its folder is not there.
    """
    if page.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output {page} is not the name of a page", "It ends in .html; the data goes beside it, as .json.")
    if not page.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {page.parent}", "Make it, or write somewhere else.")
    data = page.with_suffix(".json")
    markup = render_page(report, draw_pictures(report.evaluations))
    write_json(data, report.as_json())
    write_whole(page, markup.encode())
    return data
