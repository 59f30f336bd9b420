"""Which files a corpus has, and what each is called."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from jmlr_cli.errors import InputError
from jmlr_cli.plain import UNSAFE

BEIR = frozenset({"corpus.jsonl", "queries.jsonl"})
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the corpus. ``name`` is its path below the given folder, with "/" on every system."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a record in one, that is not in the corpus, and why."""

    path: str
    reason: str


def find_sources(paths: Sequence[Path]) -> tuple[list[Source], list[Skipped]]:
    """The files at and below ``paths``, each once, and what cannot be opened.

    With one path, a name is relative to it; with several, names begin with as much of each path as
    tells them apart. Raises :class:`InputError` for a path that is not there and for a folder without files.
    """
    sources: dict[str, Source] = {}
    skipped: list[Skipped] = []
    for root, label in zip(paths, _labels(paths), strict=True):
        found = list(_below(root, label))
        if not found:
            raise InputError(f"there are no files in {root}", "Give a folder that holds documents; hidden files do not count.")
        for entry in found:
            if isinstance(entry, Skipped):
                skipped.append(entry)
            else:
                sources.setdefault(os.path.abspath(entry.path), entry)
    return list(sources.values()), skipped


def printable(name: str) -> str:
    """``name`` with line ends, control characters, marks that turn its direction and undecodable bytes written as escapes, so
    that it fits a line and looks like no other."""
    if name.isprintable():
        return name
    return "".join(_escaped(c) if unicodedata.category(c) in UNPRINTABLE or UNSAFE.match(c) else c for c in name)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _labels(paths: Sequence[Path]) -> list[str]:
    """What the names below each path begin with."""
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise InputError(f"there is no {printable(str(missing))}", "Check its spelling; it is relative to the working folder.")
    roots = [Path(os.path.abspath(path)) for path in paths]
    if len(roots) == 1:
        return ["" if roots[0].is_dir() else roots[0].name]
    labels = (["/".join(root.parts[-depth:]).lstrip("/") for root in roots] for depth in count(1))
    return next(some for some in labels if len(set(some)) == len(set(roots)))


def _below(root: Path, label: str) -> Iterator[Source | Skipped]:
    if not root.is_dir():
        yield _checked(root, label)
        return
    errors: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=errors.append):
        if BEIR.issubset(files):
            folders[:], files = [], ["corpus.jsonl"]  # its questions and judgements are no documents
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted([*files, *(name for name in folders if os.path.islink(os.path.join(folder, name)))]):
            if not name.startswith("."):
                path = Path(folder, name)
                yield _checked(path, "/".join(filter(None, (label, path.relative_to(root).as_posix()))), root.resolve())
    for error in errors:
        yield Skipped(printable(os.fspath(error.filename)), error.strerror or str(error))


def _checked(path: Path, name: str, home: Path | None = None) -> Source | Skipped:
    """The file as a source, unless it could never be read: opening a pipe, for one, would wait for ever. Nor is it one when it
    is a link that leads out of ``home``: whoever wrote the folder could have other people's files indexed by it."""
    name = printable(name)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return Skipped(name, f"broken link ({error.strerror})" if path.is_symlink() else error.strerror or str(error))
    if stat.S_ISDIR(mode):
        return Skipped(name, "a link to a folder; give that folder as a path of its own")
    if home and path.is_symlink() and not path.resolve().is_relative_to(home):
        return Skipped(name, "a link that leads out of the folder; give what it leads to as a path of its own")
    return Source(path, name) if stat.S_ISREG(mode) else Skipped(name, "not a regular file")
