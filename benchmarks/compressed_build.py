"""Build a compressed index of token vectors that lie in a folder, in a process of its own, and print what that took.

    python benchmarks/compressed_build.py TOKENS INTO THREADS

The retrieval benchmark calls it, so that memory is this build's alone. Nothing is encoded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # memory is the process's resident size, and both sides' searches run on the CPU

import faiss
import numpy as np
import torch
from measures import memory_of, seconds_of
from numpy.typing import NDArray
from retrieval_parts.tokens import TokenCorpus

from jmlr_cli import console
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Passage
from jmlr_plugins.retrievers.colbert.retriever import ColBERTRetriever


class GivenVectors(ColBERTRetriever):
    """The plugin with the vectors that are there already in the encoder's place: a passage's text is its id."""

    def __init__(self, tokens: TokenCorpus) -> None:
        super().__init__(RetrieverConfig(plugin="colbert", options={"keep_up_to": 0}))
        self._tokens = tokens

    def passage_vectors(self, texts: Sequence[str], progress: Progress = silent) -> list[NDArray[np.floating]]:
        progress(len(texts))
        return list(self._tokens.of(texts))


def main() -> None:
    """Print one JSON object: seconds, and bytes resident before the build and at its peak."""
    folder, into, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    faiss.omp_set_num_threads(int(threads))
    tokens, seconds = TokenCorpus.read(Path(folder)), []
    retriever, passages = GivenVectors(tokens), [Passage(one, "", "", one, 0) for one in tokens.ids]
    memory = memory_of(lambda: seconds.append(seconds_of(lambda: retriever.build(passages, Path(into)))[0]), steps=1)
    console.emit({"seconds": seconds[0], "before": memory.before, "peak": memory.peak})


if __name__ == "__main__":
    main()
