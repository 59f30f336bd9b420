"""What a generator plugin implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from jmlr_cli.contracts.config import GeneratorConfig, Section
from jmlr_cli.contracts.values import Passage, Prompt, Question, Turn
from jmlr_cli.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch.distributed import ProcessGroup
    from torch.distributed.device_mesh import DeviceMesh


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """Negative log-likelihood of an answer's tokens: their sum in nats, and how many there are."""

    nll_sum: float
    tokens: int

    @property
    def nll_mean(self) -> float:
        """Nats per token."""
        return self.nll_sum / max(self.tokens, 1)


class Generator(ABC):
    """A language model that answers questions from passages.

    ``scores_likelihood`` says whether :meth:`option_nll` works: a remote server may only generate.
    The constructor must be cheap: weights load on first use.
    """

    Options: ClassVar[type[Section]] = Section
    trainable: ClassVar[bool] = False
    scores_likelihood: ClassVar[bool] = False

    def __init__(self, config: GeneratorConfig) -> None:
        self.config = config
        self.options = self.Options.model_validate(config.options)

    @property
    @abstractmethod
    def name(self) -> str:
        """The model's name as a reader knows it."""

    @property
    def fingerprint(self) -> str:
        """A short text that changes whenever the answers may: the plugin, its model, and the weights where they are here."""
        return f"{self.config.plugin} {self.config.model}"

    @abstractmethod
    def render(
        self,
        question: Question,
        passages: Sequence[Passage],
        answer: str | None = None,
        *,
        list_options: bool = True,
        instruction: str = "",
        history: Sequence[Turn] = (),
    ) -> Prompt:
        """The prompt of this model family, cut to fit its context: passages are shortened, never the
        question or the answer. ``passages`` come in ascending score, so that the best stands next to the
        question. ``list_options`` shows an option question's options; ``instruction`` says what
        kind of answer is wanted. Room is left for ``answer``, or for a new one when it is None. ``history``
        holds a conversation's earlier turns, oldest first: the newest that fit are shown before the passages, and the
        prompt's own ``history`` says which. It is passed only where there is some."""

    @abstractmethod
    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        """The model's own answer to each prompt, drawn greedily."""

    @abstractmethod
    def stream(self, prompt: Prompt, max_new_tokens: int) -> Iterator[str]:
        """The answer to one prompt, piece by piece."""

    def answer_scores(self, prompts: Sequence[Prompt]) -> list[AnswerScore]:
        """The likelihood of each prompt's own ``answer``; needs ``scores_likelihood``."""
        raise TypeError(f"{self.name} does not tell likelihoods")

    def option_scores(self, prompt: Prompt, answers: Sequence[str]) -> list[AnswerScore]:
        """The likelihood of each of ``answers`` after one prompt; needs ``scores_likelihood``."""
        raise TypeError(f"{self.name} does not tell likelihoods")

    def options_scores(self, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]]) -> list[list[AnswerScore]]:
        """As :meth:`option_scores`, of several prompts, each with its own ``answers``: a plugin may put them in batches."""
        return [self.option_scores(prompt, texts) for prompt, texts in zip(prompts, answers, strict=True)]


class TrainableGenerator(Generator):
    """A generator whose weights are here."""

    trainable: ClassVar[bool] = True
    scores_likelihood: ClassVar[bool] = True

    @property
    @abstractmethod
    def module(self) -> torch.nn.Module:
        """The model, loaded on first use."""

    @abstractmethod
    def add_adapters(self) -> None:
        """Freeze the weights and add the LoRA adapters of ``config.lora``, new and trainable."""

    @abstractmethod
    def answer_nll(
        self, prompts: Sequence[Prompt], *, end: bool = False, reduction: Literal["mean", "sum"] = "mean"
    ) -> torch.Tensor:
        """Negative log-likelihood of each prompt's answer: ``(n,)`` float32, in nats per token, or with
        ``reduction`` "sum" in nats. ``end`` counts the end-of-text token as part of the answer. Gradients
        flow whenever torch has them enabled."""

    def shard(self, mesh: DeviceMesh, control: ProcessGroup) -> None:
        """Spread the frozen weights over the processes of ``mesh``, which has one dimension, and put what learns on the device
        of each. Called once, on a model that lies in main memory, adapters included. ``control`` joins the same processes
        for small tensors of the CPU. Raises :class:`InputError` where that cannot be done."""
        raise InputError(f"the generator {self.config.plugin!r} cannot be spread over devices", "Set training.fsdp to false.")

    def catch_up(self) -> torch.Tensor | None:
        """Where weights are spread, every process takes part in each forward pass. Make those that other processes still
        make before they get here, too: a zero that carries their backward passes, or None where nothing is spread."""
        return None

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the adapters (or, without adapters, the whole model) into ``folder``."""

    @abstractmethod
    def load_adapters(self, folder: Path, *, trainable: bool = False) -> None:
        """Put the adapters that :meth:`save` wrote on the model."""
