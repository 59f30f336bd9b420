"""The passages of an index without its retriever: no model is needed to read them."""

from __future__ import annotations

from pathlib import Path

from jmlr_cli.errors import DamagedError
from jmlr_cli.files import sha256
from jmlr_cli.index.manifest import generation_folder, read_manifest
from jmlr_cli.index.open import TRIES
from jmlr_cli.index.passages import PassageStore
from jmlr_cli.index.work import PASSAGES


def open_passages(folder: Path) -> PassageStore:
    """The passages of the index in ``folder``, after the checksum of their file was compared.

    Raises :class:`InputError` when there is no index, and :class:`DamagedError` when the file lacks or differs.
    """
    for _ in range(TRIES):
        manifest = read_manifest(folder)
        file = generation_folder(folder, manifest) / PASSAGES
        try:
            checksum = sha256(file)
        except FileNotFoundError:
            continue  # another process may have committed a newer generation between our two looks
        if checksum == manifest.checksums.get(PASSAGES):
            return PassageStore(file)
        raise DamagedError(
            f"the index {folder.name!r} is damaged: {PASSAGES} does not match its checksum",
            f"Remove {folder} and run `jmlr index` again.",
        )
    raise DamagedError(f"the index {folder.name!r} is damaged: {PASSAGES} is missing", "Run `jmlr index` again.")
