"""faiss on GPUs, where its GPU build is installed and there are some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import faiss
import numpy as np
from numpy.typing import NDArray

MOST = 2048
"""Results of one query that faiss's GPU kernels can select, and inverted lists that they can probe."""


def available() -> bool:
    """Whether faiss can compute on a GPU here."""
    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


@contextmanager
def clustering(inverted: faiss.IndexIVF | None) -> Iterator[None]:
    """Let the centroids of ``inverted`` be learned on all GPUs, where there are some."""
    if inverted is None or not available():
        yield
        return
    flat = faiss.index_cpu_to_all_gpus(faiss.IndexFlatIP(inverted.d))
    inverted.clustering_index = flat
    try:
        yield
    finally:
        inverted.clustering_index = None


def moved(index: faiss.Index, nprobe: int | None = None) -> faiss.Index | None:
    """A copy of ``index`` spread over all GPUs; None where there is none, or where it stays on the CPU, as a graph does."""
    if not available() or (nprobe or 0) > MOST:
        return None
    options = faiss.GpuMultipleClonerOptions()
    options.shard = True
    with suppress(RuntimeError):
        copy = faiss.index_cpu_to_all_gpus(index, co=options)
        if nprobe is not None:
            faiss.GpuParameterSpace().set_index_parameter(copy, "nprobe", nprobe)
        return copy
    return None


def flat(vectors: NDArray[np.float32]) -> faiss.Index | None:
    """The exact search over ``vectors`` (N, d), on all GPUs; None where there is none."""
    if not available() or not len(vectors):
        return None
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return moved(index)
