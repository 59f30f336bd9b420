"""Several retrievers as one, by fusion of what they find."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage, TokenMatch
from jmlr_plugins.retrievers.combined.fusion import reciprocal_ranks, scaled_scores
from jmlr_plugins.retrievers.combined.members import Member, Members
from jmlr_plugins.retrievers.storage.streams import repeatable


class FusedMember(Member):
    """One of the retrievers that are fused."""

    checkpoint: str | None = Field(None, description="Its weights; the hybrid's own checkpoint where none is named.")
    weight: float = Field(1.0, gt=0, description="How much its ranks or scores count.")


class HybridOptions(Section):
    """Which retrievers are fused, and how."""

    retrievers: tuple[FusedMember, ...] = Field(
        (FusedMember(plugin="bm25"), FusedMember(plugin="dense")), min_length=1, description="The retrievers that are fused."
    )
    fusion: Literal["rrf", "interpolation"] = Field(
        "rrf", description="rrf: by reciprocal ranks; interpolation: by scores, each member's scaled to 0 to 1 for each query."
    )
    rrf_k: float = Field(60.0, ge=0, description="How little the first ranks stand out, with rrf.")
    depth: int = Field(100, gt=0, description="Passages that each member puts forward.")


class HybridRetriever(Retriever):
    """Scores ``sum over members of weight / (rrf_k + rank)``, or with interpolation the weighted mean of the members' scores,
    each scaled to 0 to 1 over the passages that the member puts forward.

    A passage that has nothing in common with the query gets nothing from that member.
    """

    Options: ClassVar[type[Section]] = HybridOptions
    needs_checkpoint: ClassVar[bool] = True  # for those of its members that name none
    options: HybridOptions

    @cached_property
    def members(self) -> Members:
        """The retrievers, in the order of the options."""
        return Members([member.retriever(self.config.checkpoint) for member in self.options.retrievers])

    @property
    def fingerprint(self) -> str:
        parts = "\n".join(member.fingerprint for member in self.members.retrievers)
        return f"hybrid/1 {hashlib.sha256(parts.encode()).hexdigest()[:32]}"

    def take_share(self, rank: int, of: int) -> bool:
        return self.members.take_share(rank, of)

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        passages = repeatable(passages)
        self.members.write(into, progress, lambda member, at, shared: member.build(passages, at, shared))

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        added = repeatable(added)
        self.members.write(into, progress, lambda member, at, shared: member.update(old / at.name, at, added, removed, shared))

    def open(self, at: Path) -> None:
        self.members.open(at)

    def explain(self, query: str, text: str) -> Sequence[TokenMatch] | None:
        return self.members.explain(query, text)

    def advice(self) -> str | None:
        return self.members.advice()

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        if k <= 0:
            return [[] for _ in queries]
        lists = [member.search(queries, max(k, self.options.depth), only) for member in self.members.retrievers]
        return [self._fused([found[i] for found in lists], k) for i in range(len(queries))]

    def _fused(self, lists: Sequence[Sequence[Match]], k: int) -> list[Match]:
        scores: dict[str, float] = defaultdict(float)
        for member, retriever, found in zip(self.options.retrievers, self.members.retrievers, lists, strict=True):
            for passage, score in self._scores(found, retriever.unmatched_score).items():
                scores[passage] += member.weight * score
        whole = 1.0 if self.options.fusion == "rrf" else sum(member.weight for member in self.options.retrievers)
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        return [Match(passage, score / whole) for passage, score in best[:k]]

    def _scores(self, found: Sequence[Match], unmatched: float | None) -> dict[str, float]:
        if self.options.fusion == "rrf":
            return reciprocal_ranks(found, unmatched, self.options.rrf_k)
        return scaled_scores(found, unmatched)
