"""Several retrievers as one, by reciprocal-rank fusion."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from jmlr_cli.contracts.config import RetrieverConfig, Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage
from jmlr_cli.plugins import registry


class Member(Section):
    """One of the retrievers that are fused."""

    plugin: str = Field(description="Name of a retriever plugin.")
    checkpoint: str | None = Field(None, description="Its weights; the hybrid's own checkpoint where none is named.")
    options: dict[str, Any] = Field(default_factory=dict, description="Its own options.")
    weight: float = Field(1.0, gt=0, description="How much its ranks count.")


class HybridOptions(Section):
    """Which retrievers are fused, and how."""

    retrievers: tuple[Member, ...] = Field(
        (Member(plugin="bm25"), Member(plugin="dense")), min_length=1, description="The retrievers that are fused."
    )
    rrf_k: float = Field(60.0, ge=0, description="How little the first ranks stand out.")
    depth: int = Field(100, gt=0, description="Passages that each member puts forward.")


class HybridRetriever(Retriever):
    """Scores ``sum over members of weight / (rrf_k + rank)`` (Cormack, Clarke & Büttcher 2009), ranks from 1.

    A passage that has nothing in common with the query has no rank in that member's list.
    """

    Options: ClassVar[type[Section]] = HybridOptions
    needs_checkpoint: ClassVar[bool] = True  # for those of its members that name none
    options: HybridOptions

    @cached_property
    def members(self) -> list[Retriever]:
        """The retrievers, in the order of the options."""
        return [_retriever(member, self.config) for member in self.options.retrievers]

    @property
    def fingerprint(self) -> str:
        parts = "\n".join(member.fingerprint for member in self.members)
        return f"hybrid/1 {hashlib.sha256(parts.encode()).hexdigest()[:32]}"

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        passages = list(passages)
        shared = _shared(progress, len(self.members))
        for folder, member in self._folders(into):
            folder.mkdir()
            member.build(passages, folder, shared)

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        added = list(added)
        shared = _shared(progress, len(self.members))
        for folder, member in self._folders(into):
            folder.mkdir()
            member.update(old / folder.name, folder, added, removed, shared)

    def open(self, at: Path) -> None:
        for folder, member in self._folders(at):
            member.open(folder)

    def search(self, queries: Sequence[str], k: int) -> list[list[Match]]:
        if k <= 0:
            return [[] for _ in queries]
        lists = [member.search(queries, max(k, self.options.depth)) for member in self.members]
        return [self._fused([found[i] for found in lists], k) for i in range(len(queries))]

    def _folders(self, at: Path) -> list[tuple[Path, Retriever]]:
        return [(at / str(number), member) for number, member in enumerate(self.members)]

    def _fused(self, lists: Sequence[Sequence[Match]], k: int) -> list[Match]:
        scores: dict[str, float] = defaultdict(float)
        for member, retriever, found in zip(self.options.retrievers, self.members, lists, strict=True):
            matched = [match for match in found if match.score != retriever.unmatched_score]
            for rank, match in enumerate(matched, start=1):
                scores[match.passage_id] += member.weight / (self.options.rrf_k + rank)
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [Match(*item) for item in best[:k]]


def _retriever(member: Member, config: RetrieverConfig) -> Retriever:
    own = RetrieverConfig(plugin=member.plugin, checkpoint=member.checkpoint or config.checkpoint, options=member.options)
    return registry().get("retriever", member.plugin)(own)


def _shared(progress: Progress, members: int) -> Progress:
    """A progress that counts a passage when all members have done their part of it."""
    done = 0

    def shared(advance: int, total: int | None = None, note: str = "") -> None:
        nonlocal done
        before, done = done // members, done + advance
        progress(done // members - before, total)

    return shared
