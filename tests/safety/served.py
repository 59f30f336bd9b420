"""A tiny system's server, spoken to without a socket."""

from __future__ import annotations

import asyncio
import atexit
import tempfile
from functools import cache
from pathlib import Path

import httpx
import pytest

from jmlr_cli.main import app as command
from jmlr_cli.serving.app import Limits, Service, make_app
from jmlr_cli.serving.opening import opened

PATHS = ("/v1/chat/completions", "/search", "/explain")


@cache
def served() -> tuple[httpx.AsyncClient, asyncio.AbstractEventLoop]:
    """A client of the application over a tiny language model and an index of one page, and the loop that it runs in."""
    place = tempfile.TemporaryDirectory()
    atexit.register(place.cleanup)
    page = Path(place.name, "gout.md")
    page.write_text("# Gout\n\nColchicine treats gout.\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JMLR_HOME", str(Path(place.name, "home")))
        command(["index", str(page), "--name", "x", "--recipe", "tiny", "--retriever", "bm25"], standalone_mode=False)
        system = opened(None, "tiny", "x", (), ())
    app = make_app(Service([system], Limits(waiting=8, seconds=60, max_new_tokens=1)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1"), asyncio.new_event_loop()


def post(body: bytes) -> None:
    """Post a body to every path. Each answers it, or refuses it with a sentence."""
    client, loop = served()
    for path in PATHS:
        told = loop.run_until_complete(client.post(path, content=body, headers={"Content-Type": "application/json"}))
        assert told.status_code in (200, 400, 404, 413, 422), (path, told.status_code, told.text)
        assert told.status_code == 200 or told.json()["error"]["message"], (path, told.text)
