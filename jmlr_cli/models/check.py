"""A model looked through from end to end, without fetching anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jmlr_cli.errors import InputError
from jmlr_cli.models import seal
from jmlr_cli.models.catalogue import catalogue
from jmlr_cli.models.hub import cached
from jmlr_cli.models.hub import damage as hub_damage
from jmlr_cli.workspace import Workspace, checked_name


def find_here(name: str) -> Path:
    """The folder of a model that is here: one in the workspace, by its name there, or one in the hub's cache.

    Raises :class:`InputError` for any other: a folder of the user's own has no checksums.
    """
    entry = catalogue().get(name)
    repository = entry.hub if entry else name if name.count("/") == 1 else None
    folder = cached(repository) if repository else Workspace.current().models / checked_name(name, "a model")
    if folder is None or not folder.is_dir():
        raise InputError(f"the model {name!r} is not here", "`jmlr models` shows which are; jmlr models pull NAME fetches one.")
    return folder


def damage(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a model that are not as they were fetched or built, each with what is wrong with it.

    Raises :class:`InputError` when the model has no checksums.
    """
    if seal.is_sealed(folder):
        yield from seal.damage(folder)
    elif any(path.is_symlink() for path in folder.iterdir()):
        yield from hub_damage(folder)
    else:
        raise InputError(f"the model in {folder} has no checksums", f"Remove {folder}; the next use fetches it with checksums.")
