"""With --offline no socket is made: the system kills a process that tries."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys

import pytest

from jmlr_cli.offline import USER_NAMES
from tests.thorough import thoroughly

CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The kernel's name for each machine, and its number of the system call ``socket``."""

FORBIDDING = """
import ctypes, struct
load, equal, end, kill, allow = 0x20, 0x15, 6, 0x80000000, 0x7FFF0000
rules = [(load, 0, 0, 4), (equal, 0, 3, {machine}), (load, 0, 0, 0), (equal, 0, 1, {call}), (end, 0, 0, kill), (end, 0, 0, allow)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
class Program(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("rules", ctypes.c_void_p)]
libc, program = ctypes.CDLL(None, use_errno=True), Program(len(rules), ctypes.addressof(code))
assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()  # a filter of system calls
"""

pytestmark = pytest.mark.skipif(platform.machine() not in CALLS, reason="the system call's number is not known here")
TRAIN = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.max_steps=2")
COMMANDS = (
    ("index", "guidelines", "--recipe", "tiny"),
    ("index", "guidelines", "--name", "words", "--retriever", "bm25"),
    TRAIN,
    ("search", "gout", "--index", "guidelines"),
    ("ask", "What treats gout?", "--run", "latest"),
    ("eval", "questions.jsonl", "--run", "latest"),
    ("doctor", "--index", "guidelines", "--run", "latest", "--model", "tiny-bert"),
)


@pytest.fixture
def forbidding() -> str:
    machine, call = CALLS[platform.machine()]
    return FORBIDDING.format(machine=machine, call=call)


def test_the_trap_works(forks, forbidding, tmp_path):
    caught = forks(tmp_path, "recipes", before=f"{forbidding}\nimport socket; socket.socket()")
    assert caught.code == -signal.SIGSYS
    assert forks(tmp_path, "recipes", before=forbidding).code == 0


def test_no_command_makes_a_socket_offline(forks, forbidding, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    for arguments in COMMANDS:
        done = forks(tmp_path, *arguments, "--offline", before=forbidding)
        assert done.code == 0, (arguments, done.err)


@pytest.mark.slow
def test_a_process_that_imports_everything_anew_makes_no_socket_offline(clinic, forbidding):
    nameless = {name: value for name, value in os.environ.items() if name not in USER_NAMES}
    code = f"{forbidding}\nimport sys\nsys.argv = ['jmlr', 'ask', 'What treats gout?', '--offline']\n"
    code += "from jmlr_cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], cwd=clinic.folder, env=nameless, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("models", "pull", "all-minilm-l6-v2"),
        ("models", "pull", "nobody/nothing"),
        ("models", "pull", "colbertv2"),
        ("eval", "medqa", "--recipe", "tiny", "--mode", "closed"),
        ("eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed", "--set", "generator.plugin=openai",
         "--set", "generator.options.base_url=http://127.0.0.1:9/v1", "--set", "evaluation.scoring=generation"),
        ("index", "guidelines", "--retriever", "qdrant", "--set", "retriever.options.url=http://127.0.0.1:9",
         "--set", "retriever.checkpoint=tiny-bert"),
    ],
    ids=lambda value: value[1] if value[0] == "eval" else value[-1],
)  # fmt: skip
@pytest.mark.parametrize("how", ["option", thoroughly("variable")])
def test_what_needs_the_network_is_missing_offline(forks, forbidding, pages, questions, tmp_path, arguments, how):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    option, variable = (["--offline"], {}) if how == "option" else ([], {"JMLR_OFFLINE": "1"})
    refused = forks(tmp_path, *arguments, "--json", *option, before=forbidding, **variable)
    assert refused.code == 4, (refused.out, refused.err)
    assert json.loads(refused.out)["message"]
