"""Checkpoints that are whole or absent: each is sealed with the checksums of its files once all are written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError

from safetensors import SafetensorError

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import SEAL, broken_files, is_full_disk, read_sealed, seal_folder


def step_of(checkpoint: Path) -> int:
    """The optimizer step after which a checkpoint was made."""
    return int(checkpoint.name.rpartition("-")[2])


def seal(checkpoint: Path, generation: str | None) -> None:
    """Declare a checkpoint whole. ``generation`` names the refreshed index that its candidates come from."""
    seal_folder(checkpoint, generation=generation)


def sealed(folder: Path) -> list[Path]:
    """The checkpoints in ``folder`` that were written to their end, oldest first."""
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    return sorted((path for path in found if (path / SEAL).is_file()), key=step_of)


def generation_of(checkpoint: Path) -> str | None:
    """The refreshed index that a checkpoint's candidates come from; None for the index that the run began with.

    Raises :class:`DamagedError` when the seal cannot be read. Reads no other file.
    """
    return _read_seal(checkpoint)[0]


def damage(checkpoint: Path) -> Iterator[tuple[str, str]]:
    """The files of a checkpoint that are not as its seal says, each with what is wrong with it.

    Raises :class:`DamagedError` when the seal cannot be read."""
    return broken_files(checkpoint, _read_seal(checkpoint)[1])


def verify(checkpoint: Path) -> None:
    """Compare every file of a checkpoint with its seal. Raises :class:`DamagedError` that names the first which differs."""
    broken = next(damage(checkpoint), None)
    if broken:
        raise DamagedError(f"{checkpoint / broken[0]} is not what was written", "Remove this checkpoint.")


def _read_seal(checkpoint: Path) -> tuple[str | None, dict[str, str]]:
    """The generation and the checksums in a seal."""
    try:
        record, _ = read_sealed(checkpoint / SEAL)
        if record.keys() != {"generation", "checksums"}:  # a misspelt "checksum" is damage, too
            raise ValueError(f"its keys are {', '.join(record)}")
        return record["generation"], dict(record["checksums"])
    except (OSError, ValueError, TypeError) as error:
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
def read_as_state(checkpoint: str | None) -> Iterator[None]:
    """Inside, the optimizer's state is read. Raises :class:`DamagedError` for a file that holds more than tensors and plain
    values: no object is ever unpickled."""
    try:
        yield
    except UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise DamagedError(f"the checkpoint {checkpoint} cannot be read: {reason}", "Remove it and resume again.") from None


@contextmanager
def written_whole(checkpoint: Path) -> Iterator[None]:
    """Inside, a checkpoint is written. Where the disk is full, what there is of it is removed and :class:`InputError` raised."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(checkpoint, ignore_errors=True)
        if not is_full_disk(error):
            raise
        raise InputError(
            f"{checkpoint.name} could not be written: no space is left for it in {checkpoint.parent}",
            "Free some space, then go on from the last checkpoint: jmlr train --resume.",
        ) from error
