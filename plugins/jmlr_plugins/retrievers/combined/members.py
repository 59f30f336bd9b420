"""Retrievers inside a retriever: naming them, building them into one folder, and going on where a build stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig, Section
from jmlr_cli.contracts.progress import Progress
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import TokenMatch
from jmlr_cli.files import write_json

FINISHED = "finished.json"


class Member(Section):
    """A retriever inside another."""

    plugin: str = Field(description="Name of a retriever plugin.")
    checkpoint: str | None = Field(None, description="Its weights.")
    options: dict[str, Any] = Field(default_factory=dict, description="Its own options.")

    def retriever(self, checkpoint: str | None = None) -> Retriever:
        """The retriever itself, with these weights where it names none of its own.

        Raises :class:`InputError` for a plugin that nobody offers and options that it does not take."""
        return make_retriever(RetrieverConfig(plugin=self.plugin, checkpoint=self.checkpoint or checkpoint, options=self.options))


class Members:
    """Several retrievers that write the same passages, each into its own folder, alone or with other processes.

    The file ``finished.json`` names those that are done: an interrupted build goes on with the others, and a process that
    comes too late for one leaves it alone.
    """

    def __init__(self, retrievers: Sequence[Retriever]) -> None:
        self.retrievers = tuple(retrievers)
        self._rank = 0
        self._sharing: tuple[bool, ...] = (False,) * len(self.retrievers)

    @property
    def is_first(self) -> bool:
        """Whether this process does what cannot be shared."""
        return self._rank == 0

    def take_share(self, rank: int, of: int) -> bool:
        """Do this process's share of those that can be shared; the process of rank 0 does the others alone."""
        self._rank = rank
        self._sharing = tuple(retriever.take_share(rank, of) for retriever in self.retrievers)
        return any(self._sharing)

    def folders(self, at: Path) -> list[tuple[Path, Retriever]]:
        """Each retriever with its folder in ``at``."""
        return [(at / str(number), retriever) for number, retriever in enumerate(self.retrievers)]

    def write(self, into: Path, progress: Progress, work: Callable[[Retriever, Path, Progress], None]) -> None:
        """Let each retriever that has not done so do its ``work`` in its folder. ``progress`` counts a passage when all of
        these have done their part of it."""
        left = [
            (folder, retriever)
            for (folder, retriever), shares in zip(self.folders(into), self._sharing, strict=True)
            if (shares or self.is_first) and folder.name not in _finished(into)
        ]
        shared = _shared(progress, len(left))
        for folder, retriever in left:
            if folder.name in _finished(into):
                continue  # by the first process, while this one was busy
            folder.mkdir(exist_ok=True)
            work(retriever, folder, shared)
            if self.is_first:
                write_json(into / FINISHED, [*_finished(into), folder.name])

    def open(self, at: Path) -> None:
        """Open each in its folder."""
        for folder, retriever in self.folders(at):
            retriever.open(folder)

    def explain(self, query: str, text: str) -> Sequence[TokenMatch] | None:
        """What the first of them that compares token by token shows of a match."""
        shown = (retriever.explain(query, text) for retriever in self.retrievers)
        return next((matches for matches in shown if matches is not None), None)

    def advice(self) -> str | None:
        """What the first of them that has any advises."""
        return next(filter(None, (retriever.advice() for retriever in self.retrievers)), None)


def _shared(progress: Progress, parts: int) -> Progress:
    """A progress that counts a passage when so many parts have been done of it."""
    done = 0

    def shared(advance: int, total: int | None = None, note: str = "") -> None:
        nonlocal done
        before, done = done // parts, done + advance
        progress(done // parts - before, total)

    return shared


def _finished(into: Path) -> list[str]:
    try:
        return json.loads((into / FINISHED).read_bytes())
    except FileNotFoundError:
        return []
