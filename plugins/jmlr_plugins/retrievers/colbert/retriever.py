"""Late interaction: one vector a token, compared by MaxSim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Match, Passage, TokenMatch
from jmlr_plugins.batching import batches
from jmlr_plugins.retrievers.colbert.build import TokenBuild
from jmlr_plugins.retrievers.colbert.compressed_index import CODEBOOK, CompressedIndex
from jmlr_plugins.retrievers.colbert.encoder import ColBERTEncoder, ColBERTModel, load_colbert, save_colbert
from jmlr_plugins.retrievers.colbert.settings import ColBERTOptions, read_settings
from jmlr_plugins.retrievers.colbert.token_index import TokenIndex
from jmlr_plugins.retrievers.colbert.token_matches import spans, token_matches
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors, joined, maxsim
from jmlr_plugins.retrievers.colbert.tokens import ColBERTTokenizer, TokenRow
from jmlr_plugins.retrievers.encoders.encoder_retriever import EncoderRetriever
from jmlr_plugins.retrievers.encoders.encoding import inference, padded, token_limit
from jmlr_plugins.retrievers.storage.pieces import Pieces
from jmlr_plugins.retrievers.storage.streams import Repeatable

PASSAGE_OPTIONS = {"passage_length", "dim", "mask_punctuation", "passage_marker", "keep_up_to"}


class ColBERTRetriever(EncoderRetriever):
    """ColBERT (Khattab & Zaharia 2020, arXiv 2004.12832), from its own checkpoints or any encoder."""

    Options: ClassVar[type[Section]] = ColBERTOptions
    layout: ClassVar[str] = "colbert/4"
    options: ColBERTOptions
    module: ColBERTEncoder

    @cached_property
    def model(self) -> ColBERTModel:
        """The checkpoint, loaded on first use."""
        return self._model(self.query_folder)

    @cached_property
    def tokens(self) -> ColBERTTokenizer:
        """What makes tokens of texts."""
        model = self.model
        return ColBERTTokenizer(model.tokenizer, model.settings, token_limit(model.encoder.backbone, model.tokenizer))

    @property
    def vector_options(self) -> dict[str, object]:
        return self.options.model_dump(include=PASSAGE_OPTIONS)

    def load(self, folder: Path) -> ColBERTEncoder:
        return self.model.encoder if folder == self.query_folder else self._model(folder).encoder

    def _model(self, folder: Path) -> ColBERTModel:
        return load_colbert(folder, read_settings(folder, self.options), self.config.lora)

    def _grow(
        self,
        pieces: Pieces,
        old: Path | None,
        added: Repeatable[Passage],
        removed: AbstractSet[str],
        into: Path,
        progress: Progress,
    ) -> None:
        before = TokenIndex.empty() if old is None else self._opened(old)
        build = TokenBuild(pieces, self.passage_vectors, self.options.keep_up_to, before, before.rows.kept(removed))
        build.run(added, into, progress)

    def open(self, at: Path) -> None:
        self._index = self._opened(at)

    def _opened(self, at: Path) -> TokenIndex | CompressedIndex:
        if (at / CODEBOOK).exists():
            return CompressedIndex(at, self.options.probes, self.options.rescored)
        return TokenIndex.read(at)

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        if not queries:
            return []
        with inference(self.module, "float32"):
            return self._index.search(self.encode_queries(queries), k, only)

    def explain(self, query: str, text: str) -> list[TokenMatch]:
        queries, passages, tokenizer = self.tokens.queries([query]), self.tokens.passages([text]), self.model.tokenizer
        with inference(self.module, "float32"):
            query_vectors = self._encode(queries, self.module)
        with inference(self.passage_module, "float32"):
            passage_vectors = self._encode(passages, self.passage_module)
        return token_matches(
            query_vectors, passage_vectors, spans(tokenizer, query, queries[0].ids), spans(tokenizer, text, passages[0].ids)
        )

    def advice(self) -> str | None:
        return self._index.fit.advice if isinstance(self._index, CompressedIndex) else None

    def passage_vectors(self, texts: Sequence[str], progress: Progress = silent) -> list[NDArray[np.floating]]:
        vectors: list[Any] = [None] * len(texts)
        with inference(self.passage_module, self.options.precision):
            for positions, batch in self._batches(self.tokens.passages(texts), self.passage_module):
                states, mask = batch.vectors.half().cpu().numpy(), batch.mask.cpu().numpy()
                for place, position in enumerate(positions):
                    vectors[position] = states[place][mask[place]]
                progress(len(positions))
        return vectors

    def encode_queries(self, texts: Sequence[str]) -> TokenVectors:
        return self._encode(self.tokens.queries(texts), self.module)

    def encode_passages(self, texts: Sequence[str]) -> TokenVectors:
        return self._encode(self.tokens.passages(texts), self.passage_module)

    def score(self, queries: TokenVectors, passages: TokenVectors) -> torch.Tensor:
        return maxsim(queries, passages)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        encoder = [p for p in self.module.backbone.parameters() if p.requires_grad]
        projection_rate = learning_rate * self.options.projection_lr_scale
        return [
            {"params": encoder, "lr": learning_rate},
            {"params": list(self.module.linear.parameters()), "lr": projection_rate},
        ]

    def save(self, folder: Path) -> None:
        save_colbert(self.model, folder)

    def _encode(self, rows: list[TokenRow], module: torch.nn.Module) -> TokenVectors:
        parts = list(self._batches(rows, module))
        order = torch.tensor([position for positions, _ in parts for position in positions])
        return joined([part for _, part in parts]).rows(torch.argsort(order))

    def _batches(self, rows: list[TokenRow], module: torch.nn.Module) -> Iterator[tuple[list[int], TokenVectors]]:
        """Token vectors in batches of like length, with the positions that they belong to."""
        fill, device = self.model.tokenizer.pad_token_id or 0, next(module.parameters()).device
        for positions in batches([len(row.ids) for row in rows], device.type, size=self.options.batch_size):
            batch = [rows[position] for position in positions]
            ids, seen = padded([row.ids for row in batch], fill, device), padded([row.seen for row in batch], 0, device)
            counts = padded([row.counts for row in batch], 0, device).bool()
            yield positions, TokenVectors(module(ids, seen), counts)
