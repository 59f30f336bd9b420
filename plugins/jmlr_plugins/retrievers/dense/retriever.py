"""One vector a passage, from any sentence encoder."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Match, Passage
from jmlr_plugins.batching import batches
from jmlr_plugins.retrievers.dense.factory import AUTO, is_factory
from jmlr_plugins.retrievers.dense.index import DenseIndex
from jmlr_plugins.retrievers.dense.sentence_encoder import SentenceEncoder, load_sentence_encoder, save_sentence_encoder
from jmlr_plugins.retrievers.dense.sentence_layout import SentenceLayout, read_layout
from jmlr_plugins.retrievers.dense.writer import DenseWriter
from jmlr_plugins.retrievers.encoders.encoder_retriever import EncoderRetriever, EncodingOptions
from jmlr_plugins.retrievers.encoders.encoding import inference, padded, token_limit
from jmlr_plugins.retrievers.storage.pieces import Pieces, Work
from jmlr_plugins.retrievers.storage.streams import Repeatable

Pooling = Literal["cls", "max", "mean", "mean_sqrt_len", "weightedmean", "lasttoken"]


class DenseOptions(EncodingOptions):
    """What overrides the checkpoint's own settings, where null leaves them; and how vectors are indexed in faiss."""

    pooling: Pooling | None = Field(None, description="How token states become one vector; the checkpoint's, or mean.")
    similarity: Literal["cosine", "dot"] | None = Field(
        None, description="How vectors are compared; the checkpoint's, or cosine."
    )
    query_prefix: str | None = Field(None, description="Text put before every question, such as 'query: '.")
    passage_prefix: str | None = Field(None, description="Text put before every passage, such as 'passage: '.")
    max_length: int | None = Field(None, gt=2, description="Longest text in tokens; the rest is cut off.")
    index_factory: str = Field(
        AUTO,
        description="faiss's index, as its factory strings name it: Flat, HNSW32,SQ8, IVF4096,PQ48x8np or any other; auto is "
        "Flat (exact) up to 200,000 passages, HNSW32,SQ8 up to 2,000,000, and IVF with PQ above. Candidates are scored again "
        "with their own vectors.",
    )
    nprobe: int | None = Field(
        None, gt=0, description="Inverted lists that a search in an IVF index looks into; by default one in 16, at least 16."
    )
    ef_search: int | None = Field(
        None, gt=0, description="Passages that a search in an HNSW index keeps in view; at least its default, 10 k + 100."
    )

    @field_validator("index_factory")
    @classmethod
    def _readable(cls, text: str) -> str:
        if text != AUTO and not is_factory(text):
            raise ValueError(f"faiss cannot read {text!r}; take auto, Flat, HNSW32,SQ8 or another of its factory strings")
        return text


class DenseRetriever(EncoderRetriever):
    """Bi-encoder retrieval: the inner product of the question's and the passage's vectors, in faiss."""

    Options: ClassVar[type[Section]] = DenseOptions
    layout: ClassVar[str] = "dense/2"
    options: DenseOptions
    module: SentenceEncoder
    passage_module: SentenceEncoder
    _tokenizer: PreTrainedTokenizerBase

    @cached_property
    def settings(self) -> SentenceLayout:
        """The checkpoint's settings with the options laid over them."""
        own, options = read_layout(self.folder), self.options
        similarity = options.similarity or ("dot" if own.similarity in ("dot", "dot_score") else "cosine")
        return replace(
            own,
            poolings=own.poolings if options.pooling is None else (options.pooling,),
            query_prompt=own.query_prompt if options.query_prefix is None else options.query_prefix,
            passage_prompt=own.passage_prompt if options.passage_prefix is None else options.passage_prefix,
            max_length=options.max_length or own.max_length,
            similarity=similarity,
            normalize=own.normalize or similarity == "cosine",
        )

    @property
    def vector_options(self) -> dict[str, object]:
        return self.options.model_dump(include={"pooling", "similarity", "passage_prefix", "max_length", "index_factory"})

    def load(self, folder: Path) -> SentenceEncoder:
        encoder, self._tokenizer = load_sentence_encoder(folder, self.settings, self.config.lora)
        limit = token_limit(encoder.backbone, self._tokenizer)
        self._max_length = min(self.settings.max_length or limit, limit)
        return encoder

    def _grow(
        self,
        pieces: Pieces,
        old: Path | None,
        added: Repeatable[Passage],
        removed: AbstractSet[str],
        into: Path,
        progress: Progress,
    ) -> None:
        def make(number: int, passages: Sequence[Passage], progress: Progress) -> None:
            vectors = self.passage_vectors([passage.content for passage in passages], progress)
            pieces.save(str(number), {"vectors": np.stack(vectors)})

        ids = Work(self.share, added, lambda number: pieces.has(str(number)), make).run(progress)
        if not self.share.is_first:
            return
        with DenseWriter(into, self.options.index_factory) as writer:
            if old is not None:
                writer.keep(old, removed)
            for number, some in enumerate(ids):
                writer.add(some, pieces.load(str(number))["vectors"])

    def open(self, at: Path) -> None:
        self._index = DenseIndex(at, self.options.nprobe, self.options.ef_search)

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        if not queries:
            return []
        with inference(self.module, "float32"):
            return self._index.search(self.encode_queries(queries).cpu().numpy(), k, only)

    def passage_vectors(self, texts: Sequence[str], progress: Progress = silent) -> list[NDArray[np.floating]]:
        with inference(self.passage_module, self.options.precision):
            return list(self._encode(texts, self.settings.passage_prompt, self.passage_module, progress).cpu().numpy())

    def encode_queries(self, texts: Sequence[str]) -> Tensor:
        """Vectors (B, d) float32."""
        return self._encode(texts, self.settings.query_prompt, self.module)

    def encode_passages(self, texts: Sequence[str]) -> Tensor:
        """Vectors (n, d) float32."""
        return self._encode(texts, self.settings.passage_prompt, self.passage_module)

    def score(self, queries: Tensor, passages: Tensor) -> Tensor:
        grouped = passages.float().view(len(queries), -1, passages.shape[-1])
        return (queries.float().unsqueeze(1) * grouped).sum(-1)

    def save(self, folder: Path) -> None:
        save_sentence_encoder(self.module, self._tokenizer, folder)

    def _encode(self, texts: Sequence[str], prompt: str, module: SentenceEncoder, progress: Progress = silent) -> Tensor:
        rows = self._token_rows([prompt + text for text in texts])
        device = next(module.parameters()).device
        parts: list[Tensor] = []
        order: list[int] = []
        for batch in batches([len(row) for row in rows], device.type, size=self.options.batch_size):
            ids = padded([rows[i] for i in batch], self._tokenizer.pad_token_id or 0, device)
            mask = padded([[1] * len(rows[i]) for i in batch], 0, device)
            parts.append(module(ids, mask))
            order.extend(batch)
            progress(len(batch))
        return torch.cat(parts)[torch.argsort(torch.tensor(order))]

    def _token_rows(self, texts: list[str]) -> list[list[int]]:
        texts = [text.lower() for text in texts] if self.settings.lower_case else texts
        rows = self._tokenizer(texts, truncation=True, max_length=self._max_length)["input_ids"]
        return [row or [self._tokenizer.pad_token_id or 0] for row in rows]
