"""Vectors streamed to one .npy file, whose number is known only at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

BLOCK_BYTES = 64 << 20
"""How much of a file of vectors is in memory at once while it is copied or read through."""


class VectorWriter:
    """Writes rows, one block after the other, to a .npy file (N, width) of the number type that the first block has.

    Without any row the file holds an array (0, 0)."""

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._width = 0
        self._dtype = np.dtype(np.float32)
        self._file: BinaryIO = path.open("wb")

    def add(self, block: NDArray) -> None:
        """Append the rows of ``block`` (n, width)."""
        if not self._file.tell():
            self._width, self._dtype = block.shape[1], block.dtype
            self._write_header()
        self._file.write(np.ascontiguousarray(block, dtype=self._dtype).data)
        self.count += len(block)

    def close(self) -> None:
        """Make the file whole."""
        with self._file:
            self._file.seek(0)
            self._write_header()

    def _write_header(self) -> None:
        write_header(self._file, self._dtype, (self.count, self._width))


def write_header(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    """Write the header of a .npy file. It can be written again: numpy leaves room for the first dimension to grow."""
    npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})


def blocks(vectors: NDArray) -> Iterator[slice]:
    """Runs of rows of ``vectors`` (N, width), each of about ``BLOCK_BYTES``."""
    size = max(1, BLOCK_BYTES // max(vectors.strides[0], 1)) if len(vectors) else 1
    return (slice(start, start + size) for start in range(0, len(vectors), size))
