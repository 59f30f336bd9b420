"""One collection of a qdrant engine that holds the passages of several generations of an index side by side.

A point carries the generation ``since`` which it is there, and, once its passage has been removed, that ``until`` which it was:
it belongs to generation ``g`` when ``since <= g < until``. Readers of one generation thus go on while the next is written, and
an update that breaks off has changed nothing for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from jmlr_cli.contracts.values import Match
from jmlr_plugins.retrievers.qdrant.connection import Server
from jmlr_plugins.retrievers.qdrant.requests import (
    NUMBERS_OF_ID,
    Storage,
    alive,
    batches,
    groups_of_points,
    point_id,
    quantization,
    size,
    vector_params,
    within,
)

if TYPE_CHECKING:
    from qdrant_client import models

TIE = 5e-7  # relative; equal vectors differ by less in float32
MOST_TIES = 10_000
"""Passages of equal score beyond which it is the engine that says which come first."""


class Collection:
    """The collection ``name`` of ``server``. Raises the errors that :meth:`Server.told` tells."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self._server = server
        self._client = server.connect()

    def create(self, width: int, multivector: bool, storage: Storage) -> None:
        """Make it anew, for vectors of ``width`` numbers: one a passage, or several that are compared by MaxSim."""
        from qdrant_client import models

        with self._server.told(self.name):
            self._client.delete_collection(self.name)  # an interrupted build may have got this far
            self._client.create_collection(
                self.name,
                vector_params(width, multivector, storage),
                shard_number=storage.shards,
                replication_factor=storage.replicas,
                quantization_config=quantization(storage.quantization),
                on_disk_payload=True,
            )
            if self._server.url is not None:
                for key in ("since", "until"):
                    self._client.create_payload_index(self.name, key, models.PayloadSchemaType.INTEGER)

    def exists(self) -> bool:
        """Whether the server has it."""
        with self._server.told(self.name):
            return self._client.collection_exists(self.name)

    def put(self, ids: Sequence[str], vectors: Sequence[NDArray], since: int) -> None:
        """Add passages, each with its vector (d,) or vectors (tokens, d), to generation ``since``."""
        from qdrant_client import models

        points = (
            models.PointStruct(id=point_id(one), vector=vector.tolist(), payload={"passage": one, "since": since})
            for one, vector in zip(ids, vectors, strict=True)
        )
        with self._server.told(self.name):
            for some in batches(points, [vector.size for vector in vectors]):
                self._client.upsert(self.name, some, wait=True)

    def retire(self, ids: AbstractSet[str], until: int) -> None:
        """Let passages end with the generation before ``until``."""
        with self._server.told(self.name):
            for some in groups_of_points(ids):
                self._client.set_payload(self.name, {"until": until}, points=[*some], wait=True)

    def restore(self, generation: int) -> None:
        """Take back what updates beyond ``generation`` left that broke off, and drop the passages that ended before it."""
        from qdrant_client import models

        later = models.Filter(must=[within("until", gt=generation)])
        gone = models.Filter(should=[within("since", gt=generation), within("until", lt=generation)])
        with self._server.told(self.name):
            self._client.delete_payload(self.name, ["until"], points=later, wait=True)
            self._client.delete(self.name, models.FilterSelector(filter=gone), wait=True)

    def count(self, generation: int) -> int:
        """How many passages ``generation`` has."""
        with self._server.told(self.name):
            return self._client.count(self.name, count_filter=alive(generation), exact=True).count

    def search(
        self, queries: Sequence[Any], k: int, generation: int, only: AbstractSet[str] | None = None, **settings: Any
    ) -> list[list[Match]]:
        """The ``k`` best passages of ``generation`` for each query, a vector or a list of vectors; with ``only``, among those.

        ``settings`` are qdrant's search parameters."""
        limit = k + 16
        while True:
            lists = self._best(queries, limit, generation, only, settings)
            clear = all(len(found) < limit or found[-1].score < _least_equal(found[k - 1]) for found in lists)
            if clear or limit > k + MOST_TIES:
                return [_ordered(found)[:k] for found in lists]
            limit *= 4

    def _best(
        self, queries: Sequence[Any], limit: int, generation: int, only: AbstractSet[str] | None, settings: dict[str, Any]
    ) -> list[list[Match]]:
        """The ``limit`` best passages of each query as the engine orders them."""
        if only is None:
            return self._asked(queries, limit, alive(generation), settings)
        lists: list[list[Match]] = [[] for _ in queries]
        for points in groups_of_points(only):
            part = self._asked(queries, limit, alive(generation, points), settings, NUMBERS_OF_ID * len(points))
            lists = [sorted(old + new, key=lambda match: -match.score)[:limit] for old, new in zip(lists, part, strict=True)]
        return lists

    def _asked(
        self, queries: Sequence[Any], limit: int, where: models.Filter, settings: dict[str, Any], filter_size: int = 0
    ) -> list[list[Match]]:
        from qdrant_client import models

        params = models.SearchParams(**settings) if settings else None
        requests = (
            models.QueryRequest(query=query, filter=where, params=params, limit=limit, with_payload=["passage"])
            for query in queries
        )
        lists: list[list[Match]] = []
        with self._server.told(self.name):
            for some in batches(requests, [size(query) + filter_size for query in queries]):
                answers = self._client.query_batch_points(self.name, some)
                lists += [[Match((point.payload or {})["passage"], point.score) for point in answer.points] for answer in answers]
        return lists


def _least_equal(match: Match) -> float:
    """The lowest score that counts as equal to a match's."""
    return match.score - TIE * abs(match.score)


def _ordered(matches: list[Match]) -> list[Match]:
    """Matches that stand best first, those of equal score in the order of their ids and with one score."""
    ordered: list[Match] = []
    while len(ordered) < len(matches):
        first = matches[len(ordered)]
        equal = list(takewhile(lambda match: match.score >= _least_equal(first), matches[len(ordered) :]))  # noqa: B023
        ordered += [Match(match.passage_id, first.score) for match in sorted(equal, key=lambda match: match.passage_id)]
    return ordered
