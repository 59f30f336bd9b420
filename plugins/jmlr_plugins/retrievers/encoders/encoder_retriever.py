"""What the retrievers that encode with a transformer have in common."""

from __future__ import annotations

import copy
import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from jmlr_cli import devices
from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.retriever import TrainableRetriever
from jmlr_cli.contracts.values import Passage
from jmlr_plugins.retrievers.encoders.checkpoint import content_identity, named_folder
from jmlr_plugins.retrievers.encoders.encoding import Precision
from jmlr_plugins.retrievers.storage.pieces import FinishedError, Pieces, Share
from jmlr_plugins.retrievers.storage.streams import Repeatable, repeatable

PIECES = "pieces"


class EncodingOptions(Section):
    """How texts are run through the encoder."""

    batch_size: int = Field(32, gt=0, description="Texts encoded at a time.")
    query_checkpoint: str | None = Field(
        None, description="Weights that encode questions alone; by default the checkpoint's. Query-only training leaves some."
    )
    precision: Precision = Field(
        "auto", description="Number type of passage encoding; auto is bfloat16 where the device computes it natively."
    )


class EncoderRetriever(TrainableRetriever):
    """A retriever whose passages become vectors. ``layout`` names the format of its files, ``share`` the part of a build that
    this process does."""

    needs_checkpoint: ClassVar[bool] = True
    layout: ClassVar[str]
    options: EncodingOptions
    share: Share = Share()

    @abstractmethod
    def load(self, folder: Path) -> torch.nn.Module:
        """The encoder in a checkpoint's folder."""

    @abstractmethod
    def passage_vectors(self, texts: Sequence[str], progress: Progress) -> list[NDArray[np.floating]]:
        """What the index keeps of each text."""

    @property
    @abstractmethod
    def vector_options(self) -> dict[str, object]:
        """The options that change a passage's vectors."""

    @cached_property
    def folder(self) -> Path:
        """The checkpoint's folder."""
        return named_folder(self.config)

    @cached_property
    def query_folder(self) -> Path:
        """The folder of the checkpoint that encodes questions: the same, unless the options name one."""
        own = self.options.query_checkpoint
        return named_folder(self.config.model_copy(update={"checkpoint": own})) if own else self.folder

    @cached_property
    def module(self) -> torch.nn.Module:
        return self.load(self.query_folder).to(devices.device()).eval()

    @cached_property
    def passage_module(self) -> torch.nn.Module:
        """What encodes passages: :attr:`module`, unless questions have an encoder of their own."""
        if self.query_folder == self.folder:
            return self.module
        return self.load(self.folder).to(devices.device()).eval()

    def freeze_passages(self) -> None:
        self.passage_module = copy.deepcopy(self.passage_module).requires_grad_(False)

    @property
    def fingerprint(self) -> str:
        options = json.dumps(self.vector_options, sort_keys=True)
        digest = hashlib.sha256(f"{content_identity(self.folder)} {options}".encode()).hexdigest()
        return f"{self.layout} {digest[:32]}"

    def take_share(self, rank: int, of: int) -> bool:
        self.share = Share(rank, of)
        return True

    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        self._begin(None, passages, frozenset(), into, progress)

    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        self._begin(old, added, removed, into, progress)

    def _begin(
        self, old: Path | None, added: Iterable[Passage], removed: AbstractSet[str], into: Path, progress: Progress
    ) -> None:
        """Do this process's share; the first process leaves finished files only."""
        try:
            pieces = Pieces(into / PIECES, self.share)
            self._grow(pieces, old, repeatable(added), removed, into, progress)
        except FinishedError:
            return
        if self.share.is_first:
            pieces.finish()

    @abstractmethod
    def _grow(
        self,
        pieces: Pieces,
        old: Path | None,
        added: Repeatable[Passage],
        removed: AbstractSet[str],
        into: Path,
        progress: Progress,
    ) -> None:
        """Encode this process's share of what is added; the first process then writes the files of the index."""
