"""Files and folders in the making: they have names that nobody reads, and go away when their writer was killed.

A writer holds a lock on what it makes, which the system releases when the process ends, however it ends. What nobody
holds any more was left behind by a killed process, and :func:`sweep` removes it.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO
from uuid import uuid4

NAME = re.compile(r"\..+\.[0-9a-f]{32}\.tmp", re.DOTALL)


@contextmanager
def new_file(target: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A new file beside ``target``, open for writing. Rename it to keep it: it is removed at the end."""
    while True:
        path = _beside(target)
        with path.open("xb") as handle:
            if not _hold(handle.fileno(), path):
                continue
            try:
                yield path, handle
            finally:
                path.unlink(missing_ok=True)
            return


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A new folder beside ``target``. Rename it to keep it: it is removed at the end."""
    while True:
        path = _beside(target)
        path.mkdir()
        handle = os.open(path, os.O_RDONLY)
        try:
            if not _hold(handle, path):
                continue
            try:
                yield path
            finally:
                shutil.rmtree(path, ignore_errors=True)
            return
        finally:
            os.close(handle)


def sweep(folder: Path) -> None:
    """Remove what killed processes left in the making, at any depth below ``folder``."""
    for at, folders, files in os.walk(folder):
        for name in filter(NAME.fullmatch, (*folders, *files)):
            _remove_if_left(Path(at, name))
        folders[:] = [name for name in folders if not NAME.fullmatch(name)]


def sweep_beside(target: Path) -> None:
    """Remove what killed processes left in the making of this one file or folder."""
    for path in target.parent.glob(f".{escape(target.name)}.*.tmp"):
        if NAME.fullmatch(path.name):
            _remove_if_left(path)


def _beside(target: Path) -> Path:
    # a name of its own: on a disk that machines share, two processes may have one number
    return target.with_name(f".{target.name}.{uuid4().hex}.tmp")


def _hold(handle: int, path: Path) -> bool:
    """Lock what was just made; False when a sweep came first and removed it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # a disk without locks, where nothing is swept either
        return True
    return path.exists()


def _remove_if_left(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:  # finished, or removed, meanwhile
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    else:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
    finally:
        os.close(handle)
