"""The faiss structure over the vectors of a dense index: trained on a sample, grown, read and searched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from jmlr_cli.errors import DamagedError
from jmlr_plugins.retrievers.dense import gpu
from jmlr_plugins.retrievers.dense.factory import FLAT, empty_structure, unfit
from jmlr_plugins.retrievers.storage.rows import REBUILD
from jmlr_plugins.retrievers.storage.vector_file import blocks

SAMPLE_PER_LIST = 64
SAMPLE_AT_LEAST = 1 << 16
SAMPLE_BYTES = 1 << 30


def build_structure(factory: str, vectors: NDArray[np.float32]) -> faiss.Index | None:
    """The structure over ``vectors`` (N, d); None where all of them are compared, as they are when there are too few
    to learn its centroids from. The same vectors in the same order give the same structure.

    Raises :class:`InputError` where faiss cannot build it."""
    if factory == FLAT or not len(vectors):
        return None
    index = empty_structure(factory, vectors.shape[1])
    try:
        _train(index, vectors)
        _grow(index, vectors)
    except RuntimeError as error:
        if "Number of training points" in str(error):
            return None
        raise unfit(factory, vectors.shape[1], error) from error
    return index


def _train(index: faiss.Index, vectors: NDArray[np.float32]) -> None:
    """Train on evenly spaced vectors: rows in the order of passage ids, which are hashes, are in random order."""
    if index.is_trained:
        return
    inverted = faiss.try_extract_index_ivf(index)
    wanted = max(SAMPLE_AT_LEAST, SAMPLE_PER_LIST * (inverted.nlist if inverted is not None else 0))
    size = min(len(vectors), wanted, max(1, SAMPLE_BYTES // (4 * vectors.shape[1])))
    places = np.linspace(0, len(vectors) - 1, size).astype(np.int64)
    with gpu.clustering(inverted):
        index.train(np.ascontiguousarray(vectors[places]))


def _grow(index: faiss.Index, vectors: NDArray[np.float32]) -> None:
    with _one_thread(index):
        for block in blocks(vectors):
            index.add(np.ascontiguousarray(vectors[block]))


@contextmanager
def _one_thread(index: faiss.Index) -> Iterator[None]:
    """Let a graph be grown by one thread where faiss's result would depend on which of several is faster."""
    threads = faiss.omp_get_max_threads()
    deterministic = hasattr(faiss.HNSW, "merge_reverse_links_deterministic")  # faiss 1.15
    if isinstance(faiss.downcast_index(index), faiss.IndexHNSW) and not deterministic:
        faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


class Structure:
    """A structure that was written, opened for searching; on GPUs where faiss has some and it can go there."""

    def __init__(self, path: Path, count: int, nprobe: int | None = None, ef_search: int | None = None) -> None:
        """Open ``path``. Inverted lists stay on disk until they are looked into.

        Raises :class:`DamagedError` when it cannot be read or does not hold ``count`` vectors."""
        try:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            raise DamagedError(f"the index file {path} cannot be read", REBUILD) from error
        if self._index.ntotal != count:
            raise DamagedError(f"the index file {path} holds {self._index.ntotal} vectors, not {count}", REBUILD)
        self._graph = _graph(self._index)
        self._ef_search = ef_search or 0
        inverted = faiss.try_extract_index_ivf(self._index)
        nprobe = _probe(inverted, nprobe, self._ef_search) if inverted is not None else None
        self._gpu = gpu.moved(self._index, nprobe)

    def search(self, queries: NDArray[np.float32], count: int, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """The rows of about ``count`` best vectors for each of ``queries`` (B, d), among ``rows`` alone where they are
        given: (B, count), filled up with -1; all of them -1 in a structure that cannot be kept to some rows."""
        if self._graph is not None:
            self._graph.hnsw.efSearch = max(self._ef_search, count)  # faiss stops sooner otherwise, whatever is asked
        if rows is not None:
            return self._search_among(queries, count, rows)
        index = self._gpu if self._gpu is not None and count <= gpu.MOST else self._index
        return index.search(queries, count)[1]

    def _search_among(self, queries: NDArray[np.float32], count: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        kept = np.zeros(self._index.ntotal, dtype=bool)
        kept[rows] = True
        selector = faiss.IDSelectorBitmap(np.packbits(kept, bitorder="little"))
        try:
            return self._index.search(queries, count, params=_parameters(self._index, selector))[1]
        except RuntimeError:
            return np.full((len(queries), count), -1, dtype=np.int64)


def _graph(index: faiss.Index) -> faiss.IndexHNSW | None:
    """The HNSW graph that ``index`` is, perhaps behind a transformation of the vectors."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return _graph(index.index)
    return index if isinstance(index, faiss.IndexHNSW) else None


def _probe(inverted: faiss.IndexIVF, nprobe: int | None, ef_search: int) -> int:
    """Set how many inverted lists a search looks into: one in 16, at least 16, unless ``nprobe`` says. Returns their number."""
    inverted.nprobe = min(inverted.nlist, nprobe or max(16, inverted.nlist // 16))
    centroids = _graph(inverted.quantizer)
    if centroids is not None:
        centroids.hnsw.efSearch = max(ef_search, 2 * inverted.nprobe)
    return inverted.nprobe


def _parameters(index: faiss.Index, selector: faiss.IDSelector) -> faiss.SearchParameters:
    """How a structure is told which rows to look at; its other settings have to be said again."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return faiss.SearchParametersPreTransform(index_params=_parameters(index.index, selector))
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(sel=selector, nprobe=index.nprobe)
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(sel=selector, efSearch=index.hnsw.efSearch)
    return faiss.SearchParameters(sel=selector)
