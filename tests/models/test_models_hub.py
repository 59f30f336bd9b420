"""A model of the hub, from a server on this machine that speaks its protocol: fetched once, found in the cache from then on."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMIT = "c" * 40
FILES = {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"weights" * 100}


class Hub(BaseHTTPRequestHandler):
    """Answers for one repository, ``org/small``. ``stated`` is the SHA-256 that it states of the weights."""

    stated: str
    asked: list[str]

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.asked.append(self.path)
        if self.path.startswith("/api/models/org/small/tree/"):
            plain = {"type": "file", "path": "config.json", "size": 22, "oid": "a"}
            large = {"type": "file", "path": "model.safetensors", "size": 700, "oid": "b", "lfs": self._lfs("oid")}
            self._answer(json.dumps([plain, large]).encode())
            return
        if self.path.startswith("/api/models/org/small"):
            weights = {"rfilename": "model.safetensors", "size": 700, "blobId": "b", "lfs": self._lfs("sha256")}
            siblings = [{"rfilename": "config.json", "size": 22, "blobId": "a"}, weights]
            self._answer(json.dumps({"id": "org/small", "modelId": "org/small", "sha": COMMIT, "siblings": siblings}).encode())
            return
        name = self.path.rpartition("/")[2].partition("?")[0]
        if name not in FILES:  # the client asks for more than the model
            self.send_error(404)
            return
        content = FILES[name]
        self._answer(content, hashlib.sha256(content).hexdigest())

    def _lfs(self, name: str):
        return {name: self.stated, "size": 700, "pointerSize": 130}

    def _answer(self, content: bytes, etag: str = ""):
        self.send_response(200)
        told = {
            "Content-Length": str(len(content)),
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{etag}"',
            "Content-Type": "application/json",
        }
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub(tmp_path):
    """``hub(code, stated)``: runs Python code whose hub is that server, and gives the process and the paths asked for."""

    def run(code: str, stated: str = hashlib.sha256(FILES["model.safetensors"]).hexdigest()):
        asked: list[str] = []
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (Hub,), {"stated": stated, "asked": asked}))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        environment |= {
            "HF_HOME": str(tmp_path),
            "NO_PROXY": "127.0.0.1",
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        }
        try:
            done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        return done, asked

    return run


def test_a_fetched_model_is_found_in_the_cache_from_then_on(hub):
    fetched, asked = hub("from jmlr_cli.models.hub import hub_folder; print(hub_folder('org/small'))")
    assert fetched.returncode == 0, fetched.stderr
    assert asked
    again, asked = hub(
        "from jmlr_cli.models.hub import cached, hub_folder; assert cached('org/small'); print(hub_folder('org/small'))"
    )
    assert again.returncode == 0, again.stderr
    assert again.stdout == fetched.stdout
    assert not asked


def test_a_model_of_another_checksum_is_refused_and_not_kept(hub):
    refused, _ = hub("from jmlr_cli.models.hub import fetch; fetch('org/small')", stated="0" * 64)
    assert "does not match the SHA-256 that the hub states" in refused.stderr
    again, _ = hub("from jmlr_cli.models.hub import cached; print(cached('org/small'))")
    assert again.stdout == "None\n"
