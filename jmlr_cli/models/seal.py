"""A model in the workspace tells whether its files are those that were fetched or built."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import SEAL, broken_files, read_sealed


def is_sealed(folder: Path) -> bool:
    """Whether a model has checksums: a folder of the user's own has none, nor has one that an earlier version fetched."""
    return (folder / SEAL).exists()


def damage(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a sealed model that are not as they were, each with what is wrong with it."""
    try:
        record, confirmed = read_sealed(folder / SEAL)
        if not confirmed:
            raise ValueError("it lacks its checksum")
    except (OSError, ValueError) as error:
        yield SEAL, f"cannot be read ({error})"
        return
    yield from broken_files(folder, record["checksums"])


def verify(folder: Path) -> None:
    """Compare a model with its seal, if it has one. Raises :class:`DamagedError` that names the first file which differs."""
    stats = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    broken = _first_damage(folder, tuple((path, stat.st_size, stat.st_mtime_ns, stat.st_ino) for path, stat in stats))
    if broken:
        raise DamagedError(
            f"the model {folder.name!r} is damaged: {' '.join(broken)}",
            f"Remove {folder}; it is fetched or built again when it is needed.",
        )


@lru_cache(maxsize=32)
def _first_damage(folder: Path, files: tuple[tuple[Path, int, int, int], ...]) -> tuple[str, str] | None:
    """Hashed once as long as the ``files`` do not change: several parts of a command name one model."""
    return next(damage(folder), None) if is_sealed(folder) else None
