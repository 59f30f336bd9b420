"""Weights from the Hugging Face hub."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from jmlr_cli.errors import MissingError
from jmlr_cli.files import sha256
from jmlr_cli.offline import check_online

WANTED = ("*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "*.metadata", "*/*.json", "*/*.safetensors")
PICKLED = ("pytorch_model*.bin", "*/pytorch_model*.bin")


def hub_folder(repository: str) -> Path:
    """The local folder of a hub repository: the hub's own cache, or freshly fetched and checked.

    Raises :class:`MissingError` that says whether it is gated, unknown or out of reach.
    """
    return cached(repository) or fetch(repository)


def cached(repository: str) -> Path | None:
    """The folder of a repository in the hub's own cache; None when its weights are not there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, allow_patterns=[*WANTED, *PICKLED], local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return folder if _has_weights(folder) else None


def damage(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a repository in the hub's cache that are not as they were fetched, each with what is wrong with it.

    The cache calls each file by its content: a large one by its SHA-256, a small one by its git hash.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not path.exists():
            yield path.relative_to(folder).as_posix(), "is missing"
        elif path.is_symlink() and _named(path) != path.resolve().name:
            yield path.relative_to(folder).as_posix(), "does not match its checksum"


def _named(path: Path) -> str:
    """What the cache calls a file with this content."""
    if len(path.resolve().name) == len(hashlib.sha256().hexdigest()):
        return sha256(path)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def fetch(repository: str) -> Path:
    """Fetch a repository's weights, compare each with the SHA-256 that the hub states, and return the folder."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    check_online(f"fetching the model {repository}")
    try:
        info = HfApi().model_info(repository, files_metadata=True)
        files = {file.rfilename: file.lfs.sha256 for file in info.siblings or [] if file.lfs}
        patterns = [*WANTED] if any(name.endswith(".safetensors") for name in files) else [*WANTED, *PICKLED]
        # by its branch, not by the commit: only so does the cache remember which commit the branch is
        folder = Path(snapshot_download(repository, allow_patterns=patterns))
    except GatedRepoError:
        raise MissingError(
            f"the model {repository} is gated",
            "Ask for access at its page on the hub, then run: hf auth login (or set HF_TOKEN).",
        ) from None
    except (RepositoryNotFoundError, HFValidationError):
        raise MissingError(
            f"there is no model {repository!r}: no such folder, name or hub repository", "`jmlr models` lists names."
        ) from None
    except Exception as error:  # the hub's client changed its HTTP library, and so its errors, more than once
        raise MissingError(
            f"the model {repository} is not here, and the hub is out of reach ({type(error).__name__})",
            "Check the network or the proxy, or copy the model to a folder and name the folder.",
        ) from None
    if folder.name != info.sha:
        raise MissingError(f"the model {repository} changed while it was fetched", "Fetch it again.")
    _check(folder, files)
    return folder


def _check(folder: Path, checksums: dict[str, str]) -> None:
    for name, expected in checksums.items():
        path = folder / name
        if path.is_file() and sha256(path) != expected:
            path.resolve().unlink()
            raise MissingError(f"{name} does not match the SHA-256 that the hub states", "It was removed; fetch it again.")


def _has_weights(folder: Path) -> bool:
    return any(folder.glob("*.safetensors")) or any(folder.glob("pytorch_model*.bin"))
