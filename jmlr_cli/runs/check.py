"""A run looked through from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import broken_files
from jmlr_cli.index.check import damage as index_damage
from jmlr_cli.index.manifest import has_manifest
from jmlr_cli.runs.checkpoints import damage as checkpoint_damage
from jmlr_cli.runs.checkpoints import sealed
from jmlr_cli.runs.run import REFRESHED, Run

Damage = Iterator[tuple[str, str]]


def damage(run: Run) -> Damage:
    """The files of a run that are missing or not as they were written, each with what is wrong with it: those that its record
    names, its indexes, and its checkpoints."""
    yield from broken_files(run.folder, run.checksums)
    for index in (run.index, *sorted(run.folder.glob(f"{REFRESHED}/*/index"))):
        if has_manifest(index):
            yield from _below(run.folder, index, index_damage)
    for checkpoint in sealed(run.checkpoints):
        yield from _below(run.folder, checkpoint, checkpoint_damage)


def _below(run: Path, folder: Path, look: Callable[[Path], Damage]) -> Damage:
    """What ``look`` finds in a folder of the run, by names relative to the run's."""
    at = folder.relative_to(run).as_posix()
    try:
        for name, what in look(folder):
            yield f"{at}/{name}", what
    except DamagedError as error:
        yield at, f"is damaged ({error})"
