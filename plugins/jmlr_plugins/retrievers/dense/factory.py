"""Which faiss structure a dense index gets: by the number of its vectors, or by a factory string."""

from __future__ import annotations

import math
import re

import faiss

from jmlr_cli.errors import InputError

AUTO = "auto"
FLAT = "Flat"
FLAT_UP_TO = 200_000
"""Passages up to which every vector is compared: 384 dimensions of so many are 0.3 GB, and some 20 ms a query on one core."""
HNSW_UP_TO = 2_000_000
"""Passages up to which a graph is built: for so many of 384 dimensions it takes 1.3 GB of memory, IVF-PQ 0.15."""


def chosen_factory(option: str, count: int, width: int) -> str:
    """The faiss factory string for ``count`` vectors of ``width`` dimensions: what ``option`` says, unless it is auto.

    The codes are small, as every candidate is scored again with its own vector. "np" leaves out polysemous training,
    which takes ten times as long as the codes themselves and serves a search that is not used here."""
    if option != AUTO:
        return option
    if count <= FLAT_UP_TO:
        return FLAT
    if count <= HNSW_UP_TO:
        return "HNSW32,SQ8"
    lists = 1 << round(math.log2(4 * math.sqrt(count)))
    codes = max(m for m in range(1, max(width // 8, 1) + 1) if width % m == 0)
    return f"IVF{lists},PQ{codes}x8np"


def is_factory(text: str) -> bool:
    """Whether faiss can read ``text`` at all; whether it fits is known only with the vectors' width."""
    try:
        faiss.index_factory(64, text, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        return "could not parse" not in str(error)
    return True


def empty_structure(factory: str, width: int) -> faiss.Index:
    """What ``factory`` describes, for vectors of ``width`` dimensions. Raises :class:`InputError` where it does not fit."""
    try:
        index = faiss.index_factory(width, factory, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        raise unfit(factory, width, error) from error
    if index.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise unfit(factory, width, "it does not compare by inner product")
    inverted = faiss.try_extract_index_ivf(index)
    if inverted is not None and not inverted.nlist:
        raise unfit(factory, width, "it has no inverted lists")
    return index


def unfit(factory: str, width: int, reason: object) -> InputError:
    """One sentence; of faiss's own message the part behind the place in its source."""
    words = re.sub(r"^Error in .*\.\w+:\d+: (Error: '.*' failed: (?=.))?", "", str(reason).strip(), flags=re.DOTALL)
    return InputError(
        f"the option index_factory {factory!r} does not fit vectors of {width} dimensions: {' '.join(words.split())}",
        "Set retriever.options.index_factory to auto, Flat, HNSW32,SQ8 or another string of faiss's index factory.",
    )
