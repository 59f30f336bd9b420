"""One writer at a time in a folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jmlr_cli.errors import InputError


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the folder's write lock. The system lets go of it when the process ends, however it ends.

    Raises :class:`InputError` when another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another process is writing {folder.name!r}", "Wait until it has finished, then try again."
            ) from None
        yield
