"""The web page: three kinds of file, all in the package."""

from __future__ import annotations

from functools import partial
from importlib.resources import files

from fastapi import FastAPI, Response

KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
FILES = {"/": "page.html", "/page.css": "page.css"} | {
    f"/{name}.js": f"{name}.js" for name in ("page", "stream", "turn", "passage")
}
"""The page's files by their paths."""


def add_page(app: FastAPI) -> None:
    """Serve the page at ``/``."""
    for path, name in FILES.items():
        app.add_api_route(path, partial(_file, name), include_in_schema=False)


async def _file(name: str) -> Response:
    content = (files("jmlr_cli.serving") / "assets" / name).read_bytes()
    return Response(content, media_type=KINDS[name.rpartition(".")[2]])
