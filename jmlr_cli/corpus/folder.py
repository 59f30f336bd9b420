"""A folder of files becomes documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.reader import UnreadableFile
from jmlr_cli.contracts.values import Document, Section
from jmlr_cli.corpus.readers import load_readers
from jmlr_cli.corpus.seen import Seen
from jmlr_cli.corpus.sources import Skipped, Source, find_sources, printable
from jmlr_cli.errors import InputError
from jmlr_cli.plugins import Registry
from jmlr_cli.plugins import registry as installed

EMPTY_LINES = re.compile(r"\n{3,}")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
SHOWN_REASONS = 3


class CorpusReader:
    """Reads the files at and below some paths, one document at a time.

    ``skipped`` fills while :meth:`documents` is read. The constructor finds the files and the readers; it raises
    :class:`InputError` for a path that is not there, a folder without files, and two readers of one file ending.
    """

    def __init__(self, paths: Sequence[Path], registry: Registry | None = None) -> None:
        self._paths = paths
        self._readers = load_readers(registry or installed())
        self.sources, self._not_files = find_sources(paths)
        self.skipped: list[Skipped] = []

    def documents(self, progress: Progress = silent) -> Iterator[Document]:
        """Every document with text, each id once. ``progress`` counts files.

        Raises :class:`InputError` at the end when there was none, and when a folder goes away while it is read: its documents
        would seem to have been removed.
        """
        self.skipped[:] = self._not_files
        seen = Seen()
        for source in self.sources:
            yield from self._unseen(source, seen)
            progress(1, len(self.sources))
        for path in self._paths:
            _check_there(path)
        if not seen:
            raise self._nothing_read()

    def _unseen(self, source: Source, seen: Seen) -> Iterator[Document]:
        """The documents of one file whose ids are not in ``seen``, to which they go."""
        for document in self._read(source):
            place = source.name if document.id == source.name else f"{source.name}: {document.id}"
            if not document.sections:
                self.skipped.append(Skipped(place, "empty"))
            elif not seen.add(document.id):
                self.skipped.append(Skipped(place, "another document has this id"))
            else:
                yield document

    def _read(self, source: Source) -> Iterator[Document]:
        """The documents of one file; whatever goes wrong in it becomes a reason to skip it."""
        reader = self._readers.by_suffix.get(source.path.suffix.lower())
        found = False
        try:
            if reader is None:
                raise UnreadableFile(self._no_reader(source.path.suffix))
            if source.path.stat().st_size:
                for document in reader.read(source.path, source.name):
                    found = True
                    yield _clean(document)
            if not found:
                raise UnreadableFile("empty")
        except UnreadableFile as error:
            self._skip(source, str(error))
        except OSError as error:
            _check_there(source.path.parent)
            self._skip(source, error.strerror or str(error))
        except Exception as error:  # a reader is anybody's code, and one bad file must not stop the rest
            self._skip(source, f"{type(error).__name__}: {error}")

    def _skip(self, source: Source, reason: str) -> None:
        self.skipped.append(Skipped(source.name, printable(reason)))

    def _no_reader(self, suffix: str) -> str:
        reason = f"no reader for {suffix or 'files without an ending'}"
        return f"{reason} ({'; '.join(self._readers.broken)})" if self._readers.broken else reason

    def _nothing_read(self) -> InputError:
        shown = "; ".join(f"{skipped.path}: {skipped.reason}" for skipped in self.skipped[:SHOWN_REASONS])
        more = f"; and {len(self.skipped) - SHOWN_REASONS} more" if len(self.skipped) > SHOWN_REASONS else ""
        where = ", ".join(printable(str(path)) for path in self._paths)
        return InputError(
            f"there is no readable document in {where} ({shown}{more})",
            f"Files may end in {self._readers.suffixes}; a plugin can add other kinds.",
        )


def _check_there(path: Path) -> None:
    """Raise :class:`InputError` when a folder that held files is gone, or is the empty place where a disk was mounted."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        raise InputError(
            f"{printable(str(path))} went away while it was read", "Nothing was changed; index it again once it is back."
        )


def _clean(document: Document) -> Document:
    """The document without empty sections, and without control characters and halves of characters, which
    no tokenizer takes."""
    sections = (Section(_one_line(section.heading), _tidy(section.text)) for section in document.sections)
    return replace(
        document,
        id=printable(document.id),
        title=_one_line(document.title),
        sections=tuple(section for section in sections if section.text.strip()),
        metadata={_legible(key): _legible(value) for key, value in document.metadata.items()},
    )


def _legible(text: str) -> str:
    return CONTROLS.sub(" ", text)


def _tidy(text: str) -> str:
    """Without spaces at the ends of lines, and with one empty line where there were several."""
    return EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in _legible(text).split("\n"))).strip("\n")


def _one_line(text: str) -> str:
    return " ".join(_legible(text).split())
