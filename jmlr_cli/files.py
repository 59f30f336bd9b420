"""The one way to write a file whole, to hash one, and to write JSON that tells whether it is as it was written."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jmlr_cli.errors import DamagedError
from jmlr_cli.temporary import new_file, sweep_beside

CHECKSUM = "checksum"
SEAL = "seal.json"
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DATABASE = ("SQLITE_FULL", "SQLITE_IOERR_WRITE")
FULL_DISK_SIGNS = (
    "No space left on device", "File too large", "Disk quota exceeded", "PytorchStreamWriter failed", "unexpected pos",
    "requested and", "Error in void faiss::write_",
)  # fmt: skip
"""How the writers of libraries tell it where they do not say the system's error: torch, numpy (what was requested and what was
written), faiss."""


def write_whole(path: Path, content: bytes, alone: bool = True) -> None:
    """Replace ``path`` with ``content`` in one atomic rename: a reader sees the old file or the new. Its folder is made, and what
    killed writers left of it is removed. With ``alone`` False neither is: it is one of many in a folder that somebody else makes
    and sweeps, and to look through them for each file would take the square of their number."""
    if alone:
        path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as (temporary, handle):
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
        os.replace(temporary, path)
    if alone:
        sweep_beside(path)
    flush(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, whole or not at all."""
    write_whole(path, _indented(value))


def write_sealed(path: Path, value: dict[str, Any]) -> None:
    """Write ``value`` as :func:`write_json` does, with a key ``checksum``: the SHA-256 of the file as it is with "" there."""
    unsealed = _indented({**value, CHECKSUM: ""})
    before, _, after = unsealed.rpartition(_key(""))
    write_whole(path, before + _key(hashlib.sha256(unsealed).hexdigest()) + after)


def read_sealed(path: Path) -> tuple[dict[str, Any], bool]:
    """What :func:`write_sealed` wrote, and whether a checksum confirmed it: one of an earlier version has none.

    Raises OSError, and ValueError for what is no JSON object or is not as its checksum says.
    """
    content = path.read_bytes()
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    checksum = value.pop(CHECKSUM, None)
    if checksum is None:
        return value, False
    before, found, after = content.rpartition(_key(str(checksum)))
    if not found or hashlib.sha256(before + _key("") + after).hexdigest() != checksum:
        raise ValueError("it does not match its checksum")
    return value, True


def is_full_disk(error: BaseException) -> bool:
    """Whether an error says that there is no room for a file."""
    if getattr(error, "errno", None) in FULL_DISK or getattr(error, "sqlite_errorname", None) in FULL_DATABASE:
        return True
    return any(sign in str(error) for sign in FULL_DISK_SIGNS)


def flush(path: Path) -> None:
    """Have the system write a file, or a folder's list of names, to the disk: a power cut then keeps it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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


def seal_folder(folder: Path, **more: Any) -> None:
    """Declare a folder whole: once its files are on the disk, write their checksums, and ``more``, beside them."""
    (folder / SEAL).unlink(missing_ok=True)  # of an earlier version of the folder
    for path in folder.rglob("*"):
        flush(path)
    write_sealed(folder / SEAL, {**more, "checksums": folder_checksums(folder)})


def broken_files(folder: Path, checksums: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The files below ``folder`` that are not as their SHA-256 in ``checksums`` says, each with what is wrong with it."""
    for name, checksum in checksums.items():
        try:
            found = sha256(folder / name)
        except FileNotFoundError:
            yield name, "is missing"
        except OSError as error:
            yield name, f"cannot be read ({error.strerror or error})"
        else:
            if found != checksum:
                yield name, "does not match its checksum"


def first_broken(folder: Path, checksums: dict[str, str]) -> tuple[str, str] | None:
    """The first of :func:`broken_files`."""
    return next(broken_files(folder, checksums), None)


def _indented(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _key(checksum: str) -> bytes:
    return json.dumps(CHECKSUM).encode() + b": " + json.dumps(checksum).encode()
