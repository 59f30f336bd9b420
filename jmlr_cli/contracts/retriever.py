"""What a retriever plugin implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from jmlr_cli.contracts.config import RetrieverConfig, Section
from jmlr_cli.contracts.progress import Progress, silent
from jmlr_cli.contracts.values import Match, Passage, TokenMatch
from jmlr_cli.errors import InputError

if TYPE_CHECKING:
    import torch


class Retriever(ABC):
    """Finds the passages that fit a question.

    The class attribute ``Options`` is a pydantic model of the plugin's own options; the instance reads
    its values from ``self.options``. The constructor must be cheap: weights load on first use.
    ``unmatched_score`` is the score of a passage that has nothing in common with the query, where the
    plugin can tell (0.0 for BM25).
    """

    Options: ClassVar[type[Section]] = Section
    trainable: ClassVar[bool] = False
    needs_checkpoint: ClassVar[bool] = False
    unmatched_score: ClassVar[float | None] = None

    def __init__(self, config: RetrieverConfig) -> None:
        self.config = config
        self.options = self.Options.model_validate(config.options)

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A short text that changes whenever the files written by :meth:`build` would no longer fit:
        the plugin, its weights, and the options that shape its vectors."""

    @abstractmethod
    def build(self, passages: Iterable[Passage], into: Path, progress: Progress = silent) -> None:
        """Write the files that :meth:`open` needs into the existing folder ``into``.

        ``passages`` stream from the index in the order of their ids, which are content hashes: the first ones are a random
        sample of the corpus. They may be iterated more than once, each time in that order. ``into`` is empty, or holds what an
        interrupted build of the very same passages by this very retriever left there, from which the plugin may go on (or
        which it overwrites). When the call returns, only finished files are in it.
        """

    @abstractmethod
    def update(
        self, old: Path, into: Path, added: Iterable[Passage], removed: AbstractSet[str], progress: Progress = silent
    ) -> None:
        """Write into ``into`` what ``old`` holds, less the passages whose ids are in ``removed``, plus ``added``.

        Only ``added`` is encoded; it streams, in the order of ids, and may be iterated more than once. ``old`` is not changed.
        ``into`` is empty, or holds what an interrupted update of ``old`` with the very same ``added`` and ``removed`` left
        there, as for :meth:`build`.
        """

    def take_share(self, rank: int, of: int) -> bool:
        """Called before :meth:`build` or :meth:`update` in each of ``of`` processes that do it together, with the same arguments
        and on one file system: do a part of it, and if ``rank`` is 0 put the parts together. False when the plugin has no way
        to share its work; then only the process of rank 0 builds."""
        return False

    @abstractmethod
    def open(self, at: Path) -> None:
        """Make the files in ``at`` the ones that :meth:`search` reads."""

    @abstractmethod
    def search(self, queries: Sequence[str], k: int, only: AbstractSet[str] | None = None) -> list[list[Match]]:
        """The ``k`` best passages of each query, best first; fewer when there are fewer. Passages of
        equal score come in the order of their ids.

        With ``only``, a passage whose id is not in it is never returned, and what is returned are the ``k`` best among
        those: not the part of the ``k`` best of all that happens to be in it. Ids that the index does not hold are ignored.
        The same set object may come again and again: what is derived from it may be kept.
        """

    def explain(self, query: str, text: str) -> Sequence[TokenMatch] | None:
        """Which token of ``query`` matched which token of ``text`` (a :attr:`Passage.content`), where the score is a sum of such
        matches: their similarities add up to it. One that is made of others shows the first of them that can. None in a retriever
        whose score is no such sum, as here."""
        return None

    def advice(self) -> str | None:
        """After :meth:`open`: one sentence when the index should be built anew, by a measurement of its files (new passages
        that its centroids fit badly, for example); None when all is well. `jmlr index` shows it, and names ``--rebuild``."""
        return None


class TrainableRetriever(Retriever):
    """A retriever that can learn. What ``encode_*`` returns is the plugin's own affair: ``score``
    alone reads it. Gradients flow whenever torch has them enabled."""

    trainable: ClassVar[bool] = True

    @property
    @abstractmethod
    def module(self) -> torch.nn.Module:
        """The encoder, loaded on first use."""

    @abstractmethod
    def encode_queries(self, texts: Sequence[str]) -> Any:
        """Represent ``B`` questions."""

    @abstractmethod
    def encode_passages(self, texts: Sequence[str]) -> Any:
        """Represent passages, given as :attr:`Passage.content`."""

    @abstractmethod
    def score(self, queries: Any, passages: Any) -> torch.Tensor:
        """Scores ``(B, N)`` float32 of ``B`` encoded questions and ``B * N`` encoded passages, where row
        ``b * N + n`` of the passages is candidate ``n`` of question ``b``."""

    def freeze_passages(self) -> None:
        """From now on encode passages with the weights as they are, and let :attr:`module` encode questions alone.

        Raises :class:`InputError` in a retriever that cannot tell the two apart.
        """
        raise InputError(
            f"the retriever {self.config.plugin!r} cannot train its question encoder alone", "Set candidates.refresh to never."
        )

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """The parameters that train, as an optimizer takes them: each group with its ``params`` and ``lr``."""
        return [{"params": [p for p in self.module.parameters() if p.requires_grad], "lr": learning_rate}]

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the weights into ``folder`` so that ``checkpoint: folder`` loads them again."""
