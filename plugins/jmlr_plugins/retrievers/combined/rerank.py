"""Another retriever's passages in the order of a cross-encoder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage, TokenMatch
from jmlr_cli.errors import JmlrError
from jmlr_plugins.retrievers.combined.cross_encoder import HINT, CrossEncoder
from jmlr_plugins.retrievers.combined.members import Member, Members
from jmlr_plugins.retrievers.combined.passage_texts import PassageTexts, write_texts
from jmlr_plugins.retrievers.encoders.checkpoint import named_folder
from jmlr_plugins.retrievers.encoders.encoding import Precision
from jmlr_plugins.retrievers.storage.streams import repeatable

TEXTS = "texts"


class RerankOptions(Section):
    """What is re-ranked, and how the cross-encoder runs."""

    retriever: Member = Field(
        Member(plugin="bm25"), description="The retriever that puts passages forward; bm25 where none is named."
    )
    depth: int = Field(100, gt=0, description="Passages that it puts forward for each question.")
    batch_size: int = Field(32, gt=0, description="Passages read at a time.")
    max_length: int | None = Field(
        None, gt=8, description="Longest question with its passage in tokens; the checkpoint's limit by default."
    )
    precision: Precision = Field(
        "auto", description="Number type of the model; auto is bfloat16 where the device computes it natively."
    )


class RerankRetriever(Retriever):
    """The passages that another retriever finds, by the score that a cross-encoder gives each with the question.

    Its files hold the other retriever's and the passages' texts. The cross-encoder shapes none of them, so it can change
    without a new index.
    """

    Options: ClassVar[type[Section]] = RerankOptions
    needs_checkpoint: ClassVar[bool] = True
    options: RerankOptions

    @cached_property
    def members(self) -> Members:
        """The retriever that puts passages forward, alone."""
        return Members([self.options.retriever.retriever()])

    @cached_property
    def folder(self) -> Path:
        """The cross-encoder's folder."""
        try:
            return named_folder(self.config)
        except JmlrError as error:
            raise type(error)(str(error), HINT) from error

    @cached_property
    def encoder(self) -> CrossEncoder:
        """The cross-encoder, loaded on first use."""
        return CrossEncoder(self.folder, self.options.max_length)

    @property
    def fingerprint(self) -> str:
        return f"rerank/1 {self.members.retrievers[0].fingerprint}"

    def take_share(self, rank: int, of: int) -> bool:
        return self.members.take_share(rank, of)

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        passages = repeatable(passages)
        self._begin(into, (), passages)
        self.members.write(into, progress, lambda member, at, shared: member.build(passages, at, shared))

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        added = repeatable(added)
        self._begin(into, PassageTexts(old / TEXTS).less(removed), added)
        self.members.write(into, progress, lambda member, at, shared: member.update(old / at.name, at, added, removed, shared))

    def open(self, at: Path) -> None:
        self.members.open(at)
        self._texts = PassageTexts(at / TEXTS)

    def explain(self, query: str, text: str) -> Sequence[TokenMatch] | None:
        return self.members.explain(query, text)

    def advice(self) -> str | None:
        return self.members.advice()

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        if k <= 0:
            return [[] for _ in queries]
        found = self.members.retrievers[0].search(queries, max(k, self.options.depth), only)
        return [self._reranked(query, matches)[:k] for query, matches in zip(queries, found, strict=True)]

    def _reranked(self, query: str, found: Sequence[Match]) -> list[Match]:
        if not found:
            return []
        texts = [self._texts[match.passage_id] for match in found]
        scores = self.encoder.score(query, texts, self.options.precision, self.options.batch_size)
        matches = [Match(match.passage_id, score) for match, score in zip(found, scores, strict=True)]
        return sorted(matches, key=lambda match: (-match.score, match.passage_id))

    def _begin(self, into: Path, kept: Iterable[tuple[str, bytes]], added: Iterable[Passage]) -> None:
        """Write the texts, once it is sure that the checkpoint is a cross-encoder: not after hours of encoding."""
        if self.members.is_first:
            CrossEncoder(self.folder)
            (into / TEXTS).mkdir(exist_ok=True)
            write_texts(into / TEXTS, kept, added)
