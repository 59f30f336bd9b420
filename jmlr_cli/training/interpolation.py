"""A retriever between what it was and what it learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from jmlr_cli.contracts.retriever import TrainableRetriever


@contextmanager
def interpolated(retriever: TrainableRetriever | None, share: float) -> Iterator[None]:
    """Set each weight that learned within to ``start + share · (learned − start)`` at the end: WiSE-FT (Wortsman et al. 2022,
    arXiv 2109.01903, equation 1), which keeps more of what a model could do before than the learned weights do. The start is
    held in main memory meanwhile, unless ``share`` is 1."""
    if retriever is None or share == 1:
        yield
        return
    learning = [value for value in retriever.module.parameters() if value.requires_grad]
    start = [value.detach().to("cpu", copy=True) for value in learning]
    yield
    with torch.no_grad():
        for value, before in zip(learning, start, strict=True):
            value.copy_(torch.lerp(before.to(value.device), value, share))
