"""Okapi BM25: passages that share words with the question."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from jmlr_cli.contracts.config import RetrieverConfig, Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import Retriever
from jmlr_cli.contracts.values import Match, Passage
from jmlr_plugins.retrievers.bm25.index import BM25Index, write_index
from jmlr_plugins.retrievers.bm25.word_counter import WordCounter
from jmlr_plugins.retrievers.bm25.word_counts import WordCounts
from jmlr_plugins.retrievers.bm25.word_weights import Weighting
from jmlr_plugins.retrievers.bm25.words import Stemmer, StopWords, identity, tokenizer
from jmlr_plugins.retrievers.storage.rows import Rows


class BM25Options(Section):
    """How words are made and weighed."""

    k1: float = Field(1.5, ge=0, description="How soon repeating a word stops counting.")
    b: float = Field(0.75, ge=0, le=1, description="How much a long passage is held back.")
    epsilon: float = Field(0.25, ge=0, description="Weight of a word in over half of the passages, as a share of the mean.")
    stopwords: StopWords = Field("english", description="Words left out: English function words, none, or a list of one's own.")
    stemmer: Stemmer = Field(
        "s",
        description="How words are folded: s takes off English plural endings, none leaves them, and a Snowball stemmer "
        "takes off more: english, porter, french, german, spanish and some thirty others.",
    )
    codes: bool = Field(
        False, description="Also take decimals and compounds with a digit whole: IL-2 is il, 2 and il2; 0.5 is 0, 5 and 0.5."
    )


class BM25Retriever(Retriever):
    """BM25 with the scores of ``rank_bm25.BM25Okapi``, from an inverted file.

    ``k1``, ``b`` and ``epsilon`` can change without a new index: the files hold word counts too.
    """

    Options: ClassVar[type[Section]] = BM25Options
    options: BM25Options
    unmatched_score: ClassVar[float | None] = 0.0

    def __init__(self, config: RetrieverConfig) -> None:
        super().__init__(config)
        self._words = tokenizer(self.options.stopwords, self.options.stemmer, self.options.codes)

    @property
    def fingerprint(self) -> str:
        return f"bm25/2 {identity(self.options.stopwords, self.options.stemmer, self.options.codes)}"

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        with WordCounter(into) as counter:
            self._write(counter, Rows([]), passages, into, progress)

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        before = WordCounts.read(old)
        rows = Rows.read(old / "ids.json", len(before))
        kept = rows.kept(removed)
        with WordCounter(into) as counter:
            counter.keep(before, kept)
            self._write(counter, rows.replaced(kept, []), added, into, progress)

    def open(self, at: Path) -> None:
        self._index = BM25Index(at, self._weighting, self._words)

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        if k <= 0:
            return [[] for _ in queries]
        rows = None if only is None else self._index.rows.among(only)
        return [self._index.search(query, k, rows) for query in queries]

    @cached_property
    def _weighting(self) -> Weighting:
        return Weighting(self.options.k1, self.options.b, self.options.epsilon)

    def _write(self, counter: WordCounter, rows: Rows, passages: Iterable[Passage], into: Path, progress: Progress) -> None:
        for passage in passages:
            rows.ids.append(passage.id)
            counter.add(self._words(passage.content))
            progress(1)
        counter.finish()
        rows.write(into / "ids.json")
        write_index(into, self._weighting)
