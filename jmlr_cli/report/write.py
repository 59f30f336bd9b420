"""A report on disk: the page, and its data beside it."""

from __future__ import annotations

from pathlib import Path

from jmlr_cli.errors import UsageError
from jmlr_cli.files import write_json, write_whole
from jmlr_cli.report.content import SCHEMA, Report
from jmlr_cli.report.page import render_page
from jmlr_cli.report.pictures import draw_pictures

SUFFIXES = (".html", ".htm")


def write_report(report: Report, page: Path) -> Path:
    """Write ``page``, and the same data beside it under the same name as ``.json``, which is returned.

    An earlier report is replaced. Raises :class:`UsageError` when ``page`` is not named as a page, when its folder is not there,
    and when something else than a report has the name of the data.
    """
    if page.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output {page} is not the name of a page", "It ends in .html; the data goes beside it, as .json.")
    if not page.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {page.parent}", "Make it, or write somewhere else.")
    data = page.with_suffix(".json")
    if data.exists() and not _is_report(data):
        raise UsageError(f"{data}, where the page's data would go, is something else", "Choose another name with --output.")
    markup = render_page(report, draw_pictures(report.evaluations))
    write_json(data, report.as_json())
    write_whole(page, markup.encode())
    return data


def _is_report(path: Path) -> bool:
    """Whether a file begins as :func:`write_report` begins one."""
    begin = f'{{\n  "schema": "{SCHEMA}"'.encode()
    with path.open("rb") as file:
        return file.read(len(begin)) == begin
