"""An index looked through from end to end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from jmlr_cli.files import broken_files
from jmlr_cli.index.manifest import FILE, Manifest, generation_folder, read_manifest
from jmlr_cli.index.passages import connected
from jmlr_cli.index.work import PASSAGES


def damage(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of the index in ``folder`` that are missing or not as they were written, each with what is wrong with it.

    Raises :class:`InputError` when there is no index, and :class:`DamagedError` when its manifest cannot be read.
    """
    manifest = read_manifest(folder)
    generation = generation_folder(folder, manifest)
    broken = dict(broken_files(generation, manifest.checksums))
    for name, what in broken.items():
        yield (generation / name).relative_to(folder).as_posix(), what
    if PASSAGES not in broken:
        for what in _passages(generation / PASSAGES, manifest):
            yield (generation / PASSAGES).relative_to(folder).as_posix(), what


def _passages(path: Path, manifest: Manifest) -> Iterator[str]:
    """What SQLite finds wrong with the passage file, and whether it holds as many as the manifest says."""
    try:
        with closing(connected(path)) as connection:
            told = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            count = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
    except sqlite3.DatabaseError as error:
        yield f"is no database of passages ({error})"
        return
    if told != ["ok"]:
        yield f"is a damaged database ({told[0]})"
    if count != manifest.passages:
        yield f"holds {count} passages, and {FILE} says {manifest.passages}"
