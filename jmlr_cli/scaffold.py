"""A plugin package of one's own, made from the template of its kind: a package that works, under another name."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.plugins import registry

TEMPLATES = Path(__file__).with_name("templates")
KINDS = ("retriever", "generator", "objective", "task", "reader")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40


@dataclass(frozen=True, slots=True)
class Package:
    """A plugin's package before it is written: what it adds, and under which name."""

    kind: str
    name: str

    @property
    def distribution(self) -> str:
        """Its name for pip."""
        return f"jmlr-{self.name}"

    @property
    def class_name(self) -> str:
        """``ward-notes`` and ``reader`` give ``WardNotesReader``."""
        words, kind = "".join(word.capitalize() for word in self.name.split("-")), self.kind.capitalize()
        return words if words.endswith(kind) else words + kind

    def renamed(self, text: str) -> str:
        """A template's text or path with the plugin's own name in the place of the example's."""
        own = {
            f"example-{self.kind}": self.name,
            f"example_{self.kind}": self.name.replace("-", "_"),
            f"Example{self.kind.capitalize()}": self.class_name,
        }
        for example, name in own.items():
            text = text.replace(example, name)
        return text


def new_plugin(kind: str, name: str, into: Path) -> Path:
    """Write a plugin's package into the folder ``into``, whole or not at all. Returns its own folder.

    Raises :class:`UsageError` for a kind that there is not, and :class:`InputError` for a name that cannot be one, that is
    taken, or whose folder is there already.
    """
    package = Package(_checked_kind(kind), _checked(kind, name))
    folder = into / package.distribution
    if into.exists() and not into.is_dir():
        raise InputError(f"{into} is no folder", "Name a folder with --into.")
    if folder.exists():
        raise InputError(f"{folder} is there already", "Choose another name or another folder (--into), or remove it.")
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".jmlr-", dir=into) as temporary:
        made = Path(temporary) / folder.name
        for source in _template_files(kind):
            path = made / package.renamed(source.relative_to(TEMPLATES / kind).as_posix())
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(package.renamed(source.read_text(encoding="utf-8")), encoding="utf-8")
        made.rename(folder)
    return folder


def _template_files(kind: str) -> list[Path]:
    return [path for path in sorted((TEMPLATES / kind).rglob("*")) if path.is_file() and path.suffix != ".pyc"]


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        raise UsageError(f"there is no kind of plugin {kind!r}", f"A plugin is a {', '.join(KINDS[:-1])} or {KINDS[-1]}.")
    return kind


def _checked(kind: str, name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise InputError(
            f"{name!r} cannot name a plugin",
            f"Use small letters and digits, words parted by one dash, beginning with a letter, at most {LONGEST}: ward-notes.",
        )
    taken = next((offer for offer in registry().offers if (offer.kind, offer.name) == (kind, name)), None)
    if taken:
        raise InputError(f"there is a {kind} named {name!r} already, of {taken.plugin}", "Choose another name.")
    return name
