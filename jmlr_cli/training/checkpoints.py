"""Checkpoints that are whole or absent: each is sealed with the checksums of its files once all are written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import first_broken, folder_checksums, write_json

SEAL = "seal.json"
FULL = ("No space left on device", "File too large", "PytorchStreamWriter failed", "unexpected pos")
"""How the writers of a checkpoint's files tell that the disk is full."""


def step_of(checkpoint: Path) -> int:
    """The optimizer step after which a checkpoint was made."""
    return int(checkpoint.name.rpartition("-")[2])


def seal(checkpoint: Path, generation: str | None) -> None:
    """Declare a checkpoint whole. ``generation`` names the refreshed index that its candidates come from."""
    write_json(checkpoint / SEAL, {"generation": generation, "checksums": folder_checksums(checkpoint)})


def sealed(folder: Path) -> list[Path]:
    """The checkpoints in ``folder`` that were written to their end, oldest first."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    return sorted((path for path in found if (path / SEAL).is_file()), key=step_of)


def generation_of(checkpoint: Path) -> str | None:
    """The refreshed index that a checkpoint's candidates come from; None for the index that the run began with.

    Raises :class:`DamagedError` when the seal cannot be read. Reads no other file.
    """
    return _read_seal(checkpoint)[0]


def verify(checkpoint: Path) -> None:
    """Compare every file of a checkpoint with its seal. Raises :class:`DamagedError` that names the first which differs."""
    broken = first_broken(checkpoint, _read_seal(checkpoint)[1])
    if broken:
        raise DamagedError(f"{checkpoint / broken[0]} is not what was written", "Remove this checkpoint.")


def _read_seal(checkpoint: Path) -> tuple[str | None, dict[str, str]]:
    """The generation and the checksums in a seal."""
    try:
        record = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
        return record["generation"], dict(record["checksums"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{checkpoint / SEAL} cannot be read ({type(error).__name__})", "Remove this checkpoint.") from None


def newest_whole(folder: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint that is whole, and why newer ones were passed over."""
    problems = []
    for checkpoint in reversed(sealed(folder)):
        try:
            verify(checkpoint)
        except DamagedError as error:
            problems.append(str(error))
            continue
        return checkpoint, problems
    return None, problems


def drop_old(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` sealed checkpoints, and what was never sealed. Returns those that stay."""
    kept = sealed(folder)[-keep:]
    for path in folder.glob("checkpoint-*"):
        if path not in kept:
            shutil.rmtree(path)
    return kept


@contextmanager
def written_whole(checkpoint: Path) -> Iterator[None]:
    """Inside, a checkpoint is written. Where the disk is full, what there is of it is removed and :class:`InputError` raised."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(checkpoint, ignore_errors=True)
        if not any(sign in str(error) for sign in FULL):
            raise
        raise InputError(
            f"{checkpoint.name} could not be written: no space is left for it in {checkpoint.parent}",
            "Free some space, then go on from the last checkpoint: jmlr train --resume.",
        ) from error
