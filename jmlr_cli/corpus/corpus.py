"""The passages of a corpus, as many as there may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Passage
from jmlr_cli.corpus.folder import CorpusReader
from jmlr_cli.corpus.passages import WORDS, split_document
from jmlr_cli.corpus.sources import Skipped
from jmlr_cli.plugins import Registry

Bar = Callable[[], AbstractContextManager[Progress]]


class Corpus:
    """The passages of the documents at and below some paths. Each iteration reads the documents anew, one at a time, under
    a progress that ``bar`` opens for it and that counts files.

    The constructor raises what :class:`CorpusReader`'s does, and an iteration what :meth:`CorpusReader.documents` does.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        words: int = WORDS,
        bar: Bar = lambda: nullcontext(silent),
        registry: Registry | None = None,
    ) -> None:
        self._reader = CorpusReader(paths, registry)
        self._words = words
        self._bar = bar

    @property
    def skipped(self) -> list[Skipped]:
        """What the last iteration passed over, and why."""
        return self._reader.skipped

    def __iter__(self) -> Iterator[Passage]:
        with self._bar() as progress:
            for document in self._reader.documents(progress):
                yield from split_document(document, self._words)
