"""The manifest: the one file that says which generation of an index is the current one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from jmlr_cli.errors import DamagedError, InputError
from jmlr_cli.files import first_broken, read_sealed, write_sealed

FILE = "manifest.json"
SCHEMA = "jmlr.manifest/1"


class Manifest(BaseModel):
    """What an index holds. ``checksums`` are SHA-256 by file, relative to the generation's folder."""

    # an unknown key is damage: in a misspelt "checksum" none would be compared
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: str = SCHEMA
    name: str
    generation: str
    retriever: str
    checkpoint: str | None
    options: dict[str, Any]
    fingerprint: str
    passage_words: int
    documents: int
    passages: int
    checksums: dict[str, str]


def has_manifest(folder: Path) -> bool:
    """Whether ``folder`` holds an index."""
    return (folder / FILE).is_file()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the index in ``folder``.

    Raises :class:`InputError` when there is none, :class:`DamagedError` when it cannot be read.
    """
    try:
        manifest = Manifest.model_validate(read_sealed(folder / FILE)[0])
    except FileNotFoundError:
        raise InputError(f"there is no index {folder.name!r}", f"Make it: jmlr index FOLDER --name {folder.name}") from None
    except ValidationError:
        raise damaged(folder, f"{FILE} holds no manifest of an index") from None
    except (ValueError, OSError) as error:
        raise damaged(folder, f"{FILE} cannot be read ({error})") from None
    if manifest.schema_version != SCHEMA:
        raise damaged(folder, f"its format is {manifest.schema_version!r}, and this jmlr reads {SCHEMA!r}")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make ``manifest`` the current one, in one atomic rename."""
    write_sealed(folder / FILE, manifest.model_dump())


def generation_folder(folder: Path, manifest: Manifest) -> Path:
    """The folder of the current generation."""
    return folder / "generations" / manifest.generation


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file of the current generation with its checksum.

    Raises :class:`DamagedError` that names the first file which differs or lacks, and FileNotFoundError
    when the whole generation is gone, as it is when another process has just committed a newer one.
    """
    generation = generation_folder(folder, manifest)
    if not generation.is_dir():
        raise FileNotFoundError(generation)
    broken = first_broken(generation, manifest.checksums)
    if broken:
        raise damaged(folder, " ".join(broken))


def damaged(folder: Path, reason: str) -> DamagedError:
    """The error that tells what is wrong with the index in ``folder``."""
    return DamagedError(f"the index {folder.name!r} is damaged: {reason}", f"Remove {folder} and run `jmlr index` again.")
