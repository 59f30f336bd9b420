"""A process that has the heavy libraries imported, and runs each command of jmlr in a child: a start takes no time.

Reads a request a line from stdin: the command's ``arguments``, its folder ``at``, variables for its ``environment``, Python to
run ``before`` it, ``kill_after`` so many seconds (null: never), ``kill_at`` which change of the file system, counted from 1 (0:
none), ``kill_before`` a pattern of paths of which none is to be changed (empty: none). Writes an answer a line: the exit ``code``
(-9 when it was killed, with all that it had started), the ``seconds`` that it ran, how many ``changes`` of the file system it
made, and what it wrote: ``out`` and ``err``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from fnmatch import fnmatch
from typing import Any

from jmlr_cli.main import QUIET

WARM = "numpy torch transformers peft accelerate faiss rich.table rich.progress pydantic yaml safetensors.torch tokenizers"


def warm() -> None:
    """Import what commands would."""
    for name in WARM.split():
        __import__(name)
    from peft import get_peft_model  # noqa: F401
    from transformers import AutoModel, AutoModelForCausalLM, BertModel, LlamaForCausalLM, Trainer  # noqa: F401

    import jmlr_plugins.generators.causal_lm
    import jmlr_plugins.retrievers.bm25.retriever
    import jmlr_plugins.retrievers.colbert.retriever
    import jmlr_plugins.retrievers.dense.retriever  # noqa: F401


CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"})


def count_changes(kill_at: int, kill_before: str, into: int) -> None:
    """Count what changes the file system, a byte each in the file ``into``, and be killed right before one of them."""
    count = 0

    def hook(event: str, arguments: tuple) -> None:
        nonlocal count
        if event in CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            count += 1
            with suppress(OSError):  # a test may allow no file to grow
                os.write(into, b".")
            if count == kill_at or fnmatch(str(arguments[0]), kill_before):
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def child(request: dict[str, Any], out: int, err: int, changes: int) -> None:
    """Become the command."""
    os.setsid()
    count_changes(request["kill_at"], request["kill_before"], changes)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(request["at"])
    os.environ.update(request["environment"])
    code = 0
    try:
        exec(request["before"], {})
        from jmlr_cli.main import main

        sys.argv = ["jmlr", *request["arguments"]]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:  # as Python itself would
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one command, or as much of it as there is time for."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as changes:
        started = time.monotonic()
        process = os.fork()
        if not process:
            child(request, out.fileno(), err.fileno(), changes.fileno())
        status = ended(process, request["kill_after"])
        seconds = time.monotonic() - started
        texts = [file.seek(0) or file.read().decode() for file in (out, err, changes)]
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": seconds, "out": texts[0], "err": texts[1], "changes": len(texts[2])}


def ended(process: int, kill_after: float | None) -> int:
    """Wait for a child, kill its group in time. Its status."""
    limit = time.monotonic() + (300 if kill_after is None else kill_after)
    while time.monotonic() < limit:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return status
        time.sleep(0.001)
    for end in (os.killpg, os.kill):  # it may not have made its group yet
        try:
            end(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return os.waitpid(process, 0)[1]


if __name__ == "__main__":
    os.environ.update(QUIET)  # libraries read it when they are imported
    warm()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
