"""One process at a time. The system lets go of a lock when its process ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from jmlr_cli.errors import InputError
from jmlr_cli.temporary import sweep

UNSUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the folder's write lock, and remove what a killed process left there in the making. Raises :class:`InputError` when
    another process holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        hold(handle, folder.name)
        sweep(folder)
        yield


def hold(handle: IO, name: str) -> None:
    """Hold the lock on an open file until it is closed. Raises :class:`InputError` when another process holds it; ``name`` says
    what it is writing."""
    try:
        _lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(f"another process is writing {name!r}", "Wait until it has finished, then try again.") from None


@contextmanager
def in_turn(file: Path) -> Iterator[None]:
    """Wait until no other process holds the lock on ``file``, and hold it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        _lock(handle, fcntl.LOCK_EX)
        yield


def _lock(handle: IO, how: int) -> None:
    """Lock an open file; on a disk that knows no locks, go on without."""
    try:
        fcntl.flock(handle, how)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
