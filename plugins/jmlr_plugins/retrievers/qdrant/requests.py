"""What is asked of a qdrant server, in its client's words, in requests that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal
from uuid import NAMESPACE_OID, uuid5

if TYPE_CHECKING:
    from qdrant_client import models

AT_ONCE = 1 << 20
"""Numbers in one request: about 16 MB as JSON, half of what a server takes by default."""
IDS_AT_ONCE = 20_000
NUMBERS_OF_ID = 3
"""How many numbers take the room of a point's id."""


@dataclass(frozen=True, slots=True)
class Storage:
    """How a server keeps a collection."""

    shards: int | None = None
    replicas: int | None = None
    on_disk: bool = False
    datatype: Literal["float32", "float16"] = "float32"
    quantization: Literal["scalar", "binary"] | None = None


def point_id(passage: str) -> str:
    """The point of a passage: qdrant takes UUIDs and integers only."""
    return str(uuid5(NAMESPACE_OID, passage))


def vector_params(width: int, multivector: bool, storage: Storage) -> models.VectorParams:
    """Vectors of ``width`` numbers: one a passage, compared by inner product, or several, compared by MaxSim."""
    from qdrant_client import models

    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    return models.VectorParams(
        size=width,
        distance=models.Distance.DOT,
        on_disk=storage.on_disk,
        datatype=models.Datatype(storage.datatype),
        multivector_config=several if multivector else None,
    )


def within(key: str, **bounds: int) -> models.FieldCondition:
    """Points whose ``key`` is there and within bounds: gt, lt, lte."""
    from qdrant_client import models

    return models.FieldCondition(key=key, range=models.Range(**bounds))


def alive(generation: int, points: list[str] | None = None) -> models.Filter:
    """The points of a generation, all or some of them."""
    from qdrant_client import models

    kept = [] if points is None else [models.HasIdCondition(has_id=points)]
    return models.Filter(must=[within("since", lte=generation), *kept], must_not=[within("until", lte=generation)])


def quantization(kind: str | None) -> models.QuantizationConfig | None:
    """Compressed vectors that a search goes through, in memory."""
    from qdrant_client import models

    if kind == "scalar":
        config = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
        return models.ScalarQuantization(scalar=config)
    if kind == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None


def size(query: Any) -> int:
    """How many numbers a query has."""
    return sum(map(len, query)) if isinstance(query[0], list) else len(query)


def batches(items: Iterable[Any], sizes: Sequence[int]) -> Iterator[list[Any]]:
    """The items in turn, in lists of about ``AT_ONCE`` numbers."""
    remaining, start, total = iter(items), 0, 0
    for place, size in enumerate(sizes):
        if place > start and total + size > AT_ONCE:
            yield list(islice(remaining, place - start))
            start, total = place, 0
        total += size
    if rest := list(remaining):
        yield rest


def groups_of_points(passages: AbstractSet[str]) -> Iterator[list[str]]:
    """The points of passages, in lists that fit into a request."""
    points = [point_id(one) for one in sorted(passages)]
    return (points[start : start + IDS_AT_ONCE] for start in range(0, len(points), IDS_AT_ONCE))
