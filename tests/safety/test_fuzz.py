"""Whatever bytes come, the readers, the recipe loader and the server read them or refuse them with a sentence.

`make test` tries a few of each; `make fuzz` sets JMLR_FUZZ, how many. They are the same ones each time, and others each time with
JMLR_THOROUGH=1.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.safety.targets import SEEDS, targets
from tests.thorough import THOROUGH

TARGETS = targets()
INPUTS = int(os.environ.get("JMLR_FUZZ", "60"))

marks = [
    b"\0", b"\n", b"\t", b"---\n", b"<", b"&#x10FFFF;", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"[", b'"', b"# ", b"- ", b"!!int",
    b"*a", b"&a ", b"<h1>", b"<table><tr>", b"</", b"\\ud800", b"9" * 20, b"-", b"=", b".", b"\x1b[2J", "\u202e".encode(),
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seed: bytes) -> bytes:
    """A seed with pieces taken out, doubled, replaced and put in."""
    content = seed
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 40)))
        piece = draw(st.sampled_from([*marks, content[start:end] * 2, b""]) | st.binary(max_size=8))
        content = content[:start] + piece + content[end:]
    return content


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name):
    inputs = st.binary(max_size=200) | st.lists(st.sampled_from(marks) | st.binary(max_size=6), max_size=30).map(b"".join)
    for seed in SEEDS.get(name, ()):
        inputs |= mutated(seed)

    @settings(
        max_examples=INPUTS, deadline=None, suppress_health_check=list(HealthCheck), derandomize=not THOROUGH, database=None
    )
    @given(inputs)
    def check(content: bytes) -> None:
        TARGETS[name](content)

    check()


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed: pip install 'jmlr[fuzz]'")
@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_are_bred_for_new_paths_are_read_or_refused(name, tmp_path):
    command = [sys.executable, Path(__file__).with_name("fuzz.py"), name, str(INPUTS)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert not list(tmp_path.iterdir()), "the fuzzer kept an input that failed"
