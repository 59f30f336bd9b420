"""An index opened for reading."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.filters import Condition
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Hit, Match, Passage
from jmlr_cli.errors import InputError
from jmlr_cli.index.filters import passing
from jmlr_cli.index.manifest import Manifest, damaged, generation_folder, read_manifest, verify
from jmlr_cli.index.passages import PassageStore
from jmlr_cli.index.work import PASSAGES, VECTORS

TRIES = 20
"""How often an index is opened anew because another process has just replaced it."""


class Index:
    """Passages and the retriever that finds them, as of one generation.

    ``where`` is the filter on it, and ``only`` the ids of the passages that pass it; None without one.
    """

    where: tuple[Condition, ...] = ()
    only: AbstractSet[str] | None = None

    def __init__(self, folder: Path, manifest: Manifest, retriever: Retriever) -> None:
        at = generation_folder(folder, manifest)
        self.folder = folder
        self.manifest = manifest
        self.retriever = retriever
        self.passages = PassageStore(at / PASSAGES)
        retriever.open(at / VECTORS)
        self._views: dict[tuple[Condition, ...], Index] = {(): self}

    def within(self, where: Sequence[Condition]) -> Index:
        """This index as if it held only the passages that fulfil every condition; :attr:`passages` still holds all.

        Raises :class:`InputError` when no passage has a condition's key, and when no passage passes.
        """
        wanted = (*self.where, *where)
        if wanted not in self._views:
            view = copy.copy(self)
            view.where, view.only = wanted, passing(self.passages, wanted, self.manifest.name)
            self._views[wanted] = view
        return self._views[wanted]

    def searched_by(self, retriever: Retriever) -> Index:
        """This index as ``retriever`` searches it, which represents passages as the one that wrote it does."""
        return Index(self.folder, self.manifest, retriever).within(self.where)

    def search(self, queries: Sequence[str], k: int) -> list[list[Hit]]:
        """The ``k`` best passages of each query, best first."""
        return [self._hits(matches) for matches in self._matches(queries, k)]

    def of_document(self, document: str) -> list[Passage]:
        """The passages of one document, in their order."""
        found = self.passages.of_document(document)
        return [passage for passage in found if self.only is None or passage.id in self.only]

    def _matches(self, queries: Sequence[str], k: int) -> list[list[Match]]:
        if self.only is None:  # a plugin that knows no filters yet can still search without one
            return self.retriever.search(queries, k)
        return self.retriever.search(queries, k, only=self.only)

    def _hits(self, matches: Sequence[Match]) -> list[Hit]:
        passages = self.passages.get([match.passage_id for match in matches])
        return [Hit(rank, match.score, passage) for rank, (match, passage) in enumerate(zip(matches, passages, strict=True), 1)]


def open_index(folder: Path, make_retriever: Callable[[RetrieverConfig], Retriever]) -> Index:
    """The index in ``folder``, opened by the retriever that wrote it, after its checksums were compared.

    Raises :class:`InputError` when there is none or another retriever wrote it, and
    :class:`DamagedError` when a file does not match.
    """
    for _ in range(TRIES):
        manifest = read_manifest(folder)
        try:
            return _opened(folder, manifest, make_retriever(index_config(manifest)))
        except Exception as error:  # files that go away while they are read make a plugin raise nearly anything
            if read_manifest(folder).generation != manifest.generation:
                continue  # another process committed a newer generation, and removed this one
            if isinstance(error, (FileNotFoundError, sqlite3.DatabaseError)):
                raise damaged(folder, f"its files cannot be opened ({error})") from error
            raise
    raise InputError(f"the index {folder.name!r} is replaced faster than it can be opened", "Try again.")


def _opened(folder: Path, manifest: Manifest, retriever: Retriever) -> Index:
    verify(folder, manifest)
    _check_fingerprint(folder, manifest, retriever)
    return Index(folder, manifest, retriever)


def index_config(manifest: Manifest) -> RetrieverConfig:
    """The retriever that an index was built with."""
    return RetrieverConfig(plugin=manifest.retriever, checkpoint=manifest.checkpoint, options=manifest.options)


def _check_fingerprint(folder: Path, manifest: Manifest, retriever: Retriever) -> None:
    if retriever.fingerprint != manifest.fingerprint:
        built_by = " ".join(filter(None, (manifest.retriever, manifest.checkpoint)))
        raise InputError(
            f"the index {folder.name!r} was built by another retriever than {built_by} is now",
            "Its weights, or how its files are written, have changed: run `jmlr index` again with the same --name.",
        )
