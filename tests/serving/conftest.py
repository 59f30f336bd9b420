"""A real server process on loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")
httpx = pytest.importorskip("httpx", reason="httpx is not installed")


@dataclass(frozen=True)
class Serving:
    """A running `jmlr serve`. ``log`` is the file that it writes to."""

    url: str
    process: subprocess.Popen
    log: Path

    def client(self, **headers: str) -> Any:
        return httpx.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)

    def ask(self, question: str, **more: Any) -> Any:
        """The response to one question."""
        with self.client() as client:
            return client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": question}], **more})


Serve = Callable[..., AbstractContextManager[Serving]]


@contextmanager
def serving(folder: Path, log: Path, *arguments: str, **environment: str) -> Iterator[Serving]:
    """`jmlr serve` in ``folder``, from its first request until it is told to stop."""
    clean = {key: value for key, value in os.environ.items() if key != "JMLR_HOME"}
    command = [str(Path(sys.executable).with_name("jmlr")), "serve", "--port", "0", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env={**clean, "HF_HUB_OFFLINE": "1", **environment}, stdout=out, stderr=out
        )
    try:
        yield Serving(_url(process, log), process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def _url(process: subprocess.Popen, log: Path) -> str:
    for _ in range(1200):
        found = re.search(r"at (http://\S+?/)(?:#\S*)?\n", log.read_text())
        if found:
            return found[1]
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def serve(clinic, tmp_path_factory) -> Serve:
    """``with serve("--queue", "2") as server``: a server of the tiny run."""

    def start(*arguments: str, **environment: str) -> AbstractContextManager[Serving]:
        return serving(clinic.folder, tmp_path_factory.mktemp("log") / "log", *arguments, **environment)

    return start


@pytest.fixture(scope="session")
def server(serve: Serve) -> Iterator[Serving]:
    """One server for the tests that only ask it."""
    with serve("--max-new-tokens", "24") as one:
        yield one
