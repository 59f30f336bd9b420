"""Products of matrices."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


def times(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """The product of two matrices, by torch, whose threads stay awake for a while and would hold up numpy's own."""
    return (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()
