"""Several processes that train or encode together, one a device: started here, by torchrun or by accelerate.

This process becomes the first; the others run the same command line. When one ends, the next collective operation of
the rest fails, so that none is left behind.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Any

from jmlr_cli.errors import JmlrError, MissingError

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup
    from torch.distributed.device_mesh import DeviceMesh

LONGEST_WAIT = timedelta(hours=12)
"""How long processes wait for one that works alone: the first one fetches models, and encodes the index at each refresh and at
the end. torch would give up after ten minutes. One that dies ends the others at once."""

PATIENCE = 20
"""Seconds that a process is given to end by itself."""


def processes() -> int:
    """How many processes work together: what the launcher says, else one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Which of them this process is: the first one, 0, writes and speaks."""
    return int(os.environ.get("RANK", "0"))


@contextmanager
def peers(devices: int) -> Iterator[None]:
    """Inside, this process and ``devices - 1`` new ones work together. Nothing is started for one device, or when a
    launcher has started the processes already.

    Raises :class:`MissingError` when there are fewer GPUs than ``devices``, and the first failure of a peer.
    """
    if devices == 1 or processes() > 1:
        yield
        return
    _check(devices)
    shared = _environment(devices)
    with ExitStack() as stack:
        outputs = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(devices - 1)]
        others = [_start(rank, shared, output) for rank, output in enumerate(outputs, 1)]
        for process in others:
            stack.callback(_end, process)
        os.environ.update({**shared, "RANK": "0", "LOCAL_RANK": "0"})
        try:
            yield
        except JmlrError:
            raise
        except Exception as error:
            raise _failure(others, outputs) or error from None
        failure = _failure(others, outputs)
        if failure:
            raise failure


def join() -> None:
    """Meet the other processes, if there are any. Must come before a device is used."""
    if processes() > 1:
        import torch
        from accelerate import PartialState

        if "OMP_NUM_THREADS" in os.environ:  # torch may have been imported before it was set
            torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        PartialState(cpu=not torch.cuda.is_available(), timeout=LONGEST_WAIT)


@contextmanager
def first_one_first() -> Iterator[None]:
    """Let the first process do this before the others: it may have models to fetch, or to build, which transformers
    lets nobody else write."""
    if processes() == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState().main_process_first():
        yield


@contextmanager
def one_by_one() -> Iterator[None]:
    """Let the processes do this one after the other: each needs much memory for it, and only for a while."""
    from accelerate import PartialState

    for turn in range(processes()):
        if turn == rank():
            yield
        PartialState().wait_for_everyone()


@lru_cache(maxsize=1)
def meshed() -> tuple[DeviceMesh, ProcessGroup]:
    """The processes as a mesh whose devices may hold a model together, and a group in which they tell each other small numbers
    without their devices. All of them must call it at the same time before one calls it alone."""
    from torch.distributed import new_group
    from torch.distributed.device_mesh import init_device_mesh

    from jmlr_cli.devices import device

    return init_device_mesh(device().type, (processes(),)), new_group(backend="gloo")


def is_first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return rank() == 0


def told(value: Any) -> Any:
    """The first process's ``value``, in every process."""
    if processes() == 1:
        return value
    from accelerate.utils import broadcast_object_list

    return broadcast_object_list([value])[0]


def _check(devices: int) -> None:
    import torch

    here = torch.cuda.device_count()
    if here and devices > here:
        raise MissingError(f"{devices} devices are asked for, and this machine has {here} GPU(s)", f"Use --devices {here}.")


def _environment(devices: int) -> dict[str, str]:
    """What torch.distributed reads to let processes of one machine meet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    threads = str(max(1, (os.cpu_count() or 1) // devices))
    return {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(devices),
        "LOCAL_WORLD_SIZE": str(devices),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads),
    }


def _start(rank: int, shared: dict[str, str], output: IO[str]) -> subprocess.Popen:
    environment = {**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
    command = [sys.executable, "-m", "jmlr_cli", *sys.argv[1:]]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)


def _end(process: subprocess.Popen) -> None:
    """Let a peer end by itself, or end it."""
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _failure(others: Sequence[subprocess.Popen], outputs: Sequence[IO[str]]) -> JmlrError | None:
    """What the first peer that failed by itself said, as an error with its exit code; None when all went well."""
    for process, output in zip(others, outputs, strict=True):
        _end(process)
        if process.returncode:
            output.seek(0)
            said = [line for line in output.read().splitlines() if line.strip()] or ["nothing"]
            error = JmlrError(f"another process failed (exit {process.returncode}); it said: {said[-1]}")
            error.exit_code = process.returncode if process.returncode in (2, 3, 4, 5) else 1
            return error
    return None
