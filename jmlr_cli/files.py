"""The one way to write a file whole, to hash one, and to write JSON."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from jmlr_cli.errors import DamagedError


def write_whole(path: Path, content: bytes, make_folder: bool = True) -> None:
    """Replace ``path`` with ``content`` in one atomic rename: a reader sees the old file or the new."""
    if make_folder:
        path.parent.mkdir(parents=True, exist_ok=True)
    # a name of its own: on a disk that machines share, two processes may have one number
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """What :func:`write_json` wrote. Raises :class:`DamagedError` when the file is not there or holds no JSON."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedError(f"the file {path} cannot be read: {error}", "Make it again, as by `jmlr index`.") from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def folder_checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below ``folder``, by its path relative to it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def stamps(folder: Path) -> str:
    """A digest of the names, sizes and times of change of the files in ``folder``: told at once, however large they are."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    lines = [f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n" for path in files for stat in [path.stat()]]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:32]


def first_broken(folder: Path, checksums: dict[str, str]) -> tuple[str, str] | None:
    """The first file below ``folder`` that is not as its SHA-256 in ``checksums`` says, and what is wrong with it."""
    found = folder_checksums(folder)
    for name, checksum in checksums.items():
        if name not in found:
            return name, "is missing"
        if found[name] != checksum:
            return name, "does not match its checksum"
    return None
