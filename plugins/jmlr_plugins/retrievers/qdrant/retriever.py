"""An index on qdrant, the distributed vector engine: for a corpus that outgrows one machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Match, Passage, TokenMatch
from jmlr_cli.errors import InputError
from jmlr_plugins.retrievers.colbert.token_vectors import TokenVectors
from jmlr_plugins.retrievers.encoders.encoder_retriever import EncoderRetriever
from jmlr_plugins.retrievers.encoders.encoding import inference
from jmlr_plugins.retrievers.qdrant.build import ServerBuild, check, write_locally
from jmlr_plugins.retrievers.qdrant.collection import Collection
from jmlr_plugins.retrievers.qdrant.connection import Server
from jmlr_plugins.retrievers.qdrant.files import LocalVectors, Place
from jmlr_plugins.retrievers.qdrant.requests import Storage
from jmlr_plugins.retrievers.storage.pieces import FinishedError, Share
from jmlr_plugins.retrievers.storage.streams import repeatable


class QdrantOptions(Section):
    """Where qdrant is, what encodes, and how the server keeps and searches vectors."""

    url: str | None = Field(
        None,
        pattern=r"^https?://[^/@\s]+(/\S*)?$",
        description="The server's address, such as http://localhost:6333; by default qdrant-client's own engine, in memory, "
        "for small corpora and trials.",
    )
    api_key_env: str = Field("QDRANT_API_KEY", description="The environment variable with the key; a server may need none.")
    timeout: int = Field(60, gt=0, description="Seconds to wait for an answer.")
    collection: str = Field(
        "jmlr",
        pattern=r"^[\w.-]+$",
        description="What the names of collections begin with; each build makes a new one, and leaves the one before it, which "
        "copies of the index may still name, for you to delete.",
    )
    encoder: str = Field("colbert", description="The retriever plugin that encodes: colbert (compared by MaxSim) or dense.")
    encoder_options: dict[str, Any] = Field(default_factory=dict, description="That plugin's own options.")
    query_checkpoint: str | None = Field(None, description="Weights that encode questions alone; by default the checkpoint's.")
    shards: int | None = Field(None, gt=0, description="Shards that a collection is spread over; the server's default.")
    replicas: int | None = Field(None, gt=0, description="Copies of each shard; the server's default.")
    on_disk: bool = Field(False, description="Keep vectors on the server's disk instead of in its memory.")
    datatype: Literal["float32", "float16"] = Field("float32", description="Number type of the vectors on the server.")
    quantization: Literal["scalar", "binary"] | None = Field(
        None, description="Search through vectors of 8 bits or 1 bit a dimension, held in memory; the best are scored again."
    )
    hnsw_ef: int | None = Field(None, gt=0, description="Breadth of a search in the server's graph; the server's default.")
    exact: bool = Field(False, description="Compare with every passage instead of searching the server's graph.")


class QdrantRetriever(TrainableRetriever):
    """Another plugin's encoder over an index on qdrant. ``share`` is the part of a build that this process does."""

    Options: ClassVar[type[Section]] = QdrantOptions
    needs_checkpoint: ClassVar[bool] = True
    options: QdrantOptions
    share: Share = Share()

    @cached_property
    def encoder(self) -> EncoderRetriever:
        """The retriever that encodes. Raises :class:`InputError` when it has no vectors of passages."""
        own = self.options.query_checkpoint
        options = self.options.encoder_options | ({"query_checkpoint": own} if own else {})
        encoder = make_retriever(self.config.model_copy(update={"plugin": self.options.encoder, "options": options}))
        if not isinstance(encoder, EncoderRetriever):
            raise InputError(
                f"the retriever {self.options.encoder!r} has no vectors for qdrant",
                "Set retriever.options.encoder to colbert or dense.",
            )
        return encoder

    @cached_property
    def server(self) -> Server:
        """Where the collections are."""
        return Server(self.options.url, self.options.api_key_env, self.options.timeout)

    @property
    def storage(self) -> Storage:
        """How the server keeps a collection."""
        options = self.options
        return Storage(options.shards, options.replicas, options.on_disk, options.datatype, options.quantization)

    @property
    def fingerprint(self) -> str:
        where = "memory" if self.options.url is None else repr(self.storage)
        return f"qdrant/1 {hashlib.sha256(f'{self.encoder.fingerprint} {where}'.encode()).hexdigest()[:32]}"

    @property
    def module(self) -> torch.nn.Module:
        return self.encoder.module

    def take_share(self, rank: int, of: int) -> bool:
        self.share = Share(rank, of)
        return self.options.url is not None

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        if self.options.url is None:
            write_locally(self.encoder, None, passages, frozenset(), into, progress)
        else:
            self._lay_down(None, passages, frozenset(), into, progress)

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        if self.options.url is None:
            write_locally(self.encoder, old, added, removed, into, progress)
        else:
            self._lay_down(Place.read(old), added, removed, into, progress)

    def _lay_down(
        self, old: Place | None, added: Iterable[Passage], removed: AbstractSet[str], into: Path, progress: Progress
    ) -> None:
        added = repeatable(added)
        if old is not None and not len(added) and not removed:  # such as a copy that is searched with other options
            old.write(into)
            return
        try:
            build = ServerBuild(self.server, self.options.collection, self.storage, self.share, old, into)
            build.run(self.encoder, added, removed, progress)
        except FinishedError:
            return

    def open(self, at: Path) -> None:
        if self.options.url is None:
            self._collection, self._generation = in_memory(LocalVectors(at), self.server), 1
        else:
            place = Place.read(at)
            self._collection, self._generation = check(self.server, place), place.generation

    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        if not queries or k <= 0 or self._collection is None:
            return [[] for _ in queries]
        with inference(self.module, "float32"):
            vectors = _lists(self.encoder.encode_queries(queries))
        return self._collection.search(vectors, k, self._generation, only, **self._settings)

    def explain(self, query: str, text: str) -> Sequence[TokenMatch] | None:
        return self.encoder.explain(query, text)

    @property
    def _settings(self) -> dict[str, Any]:
        """What a search on a server is told; the engine in memory compares with every passage anyway."""
        given = {"hnsw_ef": self.options.hnsw_ef, "exact": self.options.exact or None}
        return {} if self.options.url is None else {name: value for name, value in given.items() if value is not None}

    def encode_queries(self, texts: Sequence[str]) -> Any:
        return self.encoder.encode_queries(texts)

    def encode_passages(self, texts: Sequence[str]) -> Any:
        return self.encoder.encode_passages(texts)

    def score(self, queries: Any, passages: Any) -> torch.Tensor:
        return self.encoder.score(queries, passages)

    def freeze_passages(self) -> None:
        self.encoder.freeze_passages()

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        return self.encoder.parameter_groups(learning_rate)

    def save(self, folder: Path) -> None:
        self.encoder.save(folder)


def in_memory(index: LocalVectors, server: Server) -> Collection | None:
    """The vectors of an index in the client's own engine, as generation 1; None where there are none."""
    if not len(index.rows):
        return None
    collection = Collection(server, "local")
    collection.create(index.vectors.shape[1], index.multivector, Storage())
    for ids, vectors in index.chunks():
        collection.put(ids, vectors if index.multivector else [each[0] for each in vectors], since=1)
    return collection


def _lists(queries: torch.Tensor | TokenVectors) -> list[Any]:
    """Encoded queries as qdrant takes them: each a list of numbers, or of lists of them."""
    if isinstance(queries, TokenVectors):
        return [vectors[mask].tolist() for vectors, mask in zip(queries.vectors, queries.mask, strict=True)]
    return queries.tolist()
