"""Encoding with several processes, and going on after a kill, through the command itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jmlr_cli.files import folder_checksums

ENCODED = ("--retriever", "colbert", "--set", "retriever.checkpoint=tiny-bert", "--set", "retriever.options.keep_up_to=0")


@pytest.fixture
def corpus(tmp_path):
    """A folder whose passages fill several pieces."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for page in range(10):
        words = " ".join(f"word{(page * 37 + n * n) % 997} treats sign{n % 89}." for n in range(400))
        (folder / f"{page:03d}.txt").write_text(words)
    return folder


def files(workspace: Path, name: str) -> dict[str, str]:
    (generation,) = (workspace / ".jmlr" / "indexes" / name / "generations").iterdir()
    return folder_checksums(generation / "retriever")


@pytest.mark.slow
def test_two_processes_write_the_bytes_of_one(jmlr, corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    small = ("--set", "data.passage_words=20")
    for name, more in (("warm", ()), ("one", ()), ("two", ("--devices", "2"))):
        done = jmlr("index", "corpus", "--name", name, *ENCODED, *small, *more, "--json")
        assert done.code == 0, done.err
    assert done.json["passages"] > 512
    assert files(tmp_path, "two") == files(tmp_path, "one")


@pytest.mark.slow
def test_a_killed_index_goes_on_with_the_pieces_that_were_encoded(jmlr, corpus, tmp_path):
    small = ("--set", "data.passage_words=20")
    assert jmlr("index", "corpus", "--name", "whole", *ENCODED, *small).code == 0
    command = [sys.executable, "-m", "jmlr_cli", "index", "corpus", "--name", "x", *ENCODED, *small]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pieces = tmp_path / ".jmlr" / "indexes" / "x" / "generations" / "000001" / "retriever" / "pieces"
    deadline = time.monotonic() + 120
    while not list(pieces.glob("*.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(pieces.glob("*.safetensors"))
    again = jmlr("index", "corpus", "--name", "x", *ENCODED, *small, "--json")
    assert (again.code, again.json["resumed"]) == (0, True)
    assert files(tmp_path, "x") == files(tmp_path, "whole")
