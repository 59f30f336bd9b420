"""What every local language model shares, whatever its prompt."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field

from jmlr_cli.contracts.config import GeneratorConfig, Section
from jmlr_cli.contracts.generator import AnswerScore, TrainableGenerator
from jmlr_cli.contracts.values import Passage, Prompt, Question, Turn
from jmlr_cli.errors import InputError
from jmlr_cli.files import stamps
from jmlr_cli.models.resolve import resolve_model
from jmlr_cli.modes import evaluating
from jmlr_plugins.batching import batches_of_equal_room
from jmlr_plugins.generators.decoding import Ending, greedy, greedy_stream
from jmlr_plugins.generators.encoder import Encoder
from jmlr_plugins.generators.fitting import Room, fit, recent
from jmlr_plugins.generators.likelihood import FASTEST, MOST_TOKENS, Encoded, batched_nll_sums
from jmlr_plugins.generators.loading import load_model, load_settings, load_tokenizer, longest_context
from jmlr_plugins.generators.memory import within_memory
from jmlr_plugins.generators.options import Asked, option_nll_sums
from jmlr_plugins.generators.quick_lora import scoring
from jmlr_plugins.generators.shards import Shards
from jmlr_plugins.generators.template import WORDINGS, Frame, Template, Wording, content

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup
    from torch.distributed.device_mesh import DeviceMesh
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


class DecoderOptions(Section):
    """What every local model can be told."""

    max_answer_tokens: int = Field(128, gt=0, description="Room left for an answer that is still to be written, in tokens.")
    batch_tokens: int | None = Field(
        None,
        gt=0,
        description="Most tokens in one forward pass where no gradient is kept; by default 8192, or 1024 to score on a CPU.",
    )
    template: Template = Field(
        "jmlr",
        description="Wording of the prompt: jmlr, the paper's; lm-eval, that of medqa_4options in the lm-evaluation-harness.",
    )
    gradient_checkpointing: bool = Field(False, description="Recompute activations in training: slower, far less memory.")


class DecoderGenerator(TrainableGenerator):
    """A causal language model whose weights are here. A family says what its ``frame`` is.

    Tokenizer, settings and weights each load on first use, so that prompts can be rendered before the
    weights are read.
    """

    Options: ClassVar[type[Section]] = DecoderOptions
    options: DecoderOptions

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        self._model: PreTrainedModel | None = None
        self._shards: Shards | None = None

    @property
    def name(self) -> str:
        """The model as the recipe names it; of a folder or a file, its own name."""
        model = self.config.model or self.config.plugin
        return Path(model).expanduser().resolve().name if Path(model).expanduser().exists() else model

    @property
    def fingerprint(self) -> str:
        return f"{super().fingerprint} {stamps(self.folder)}"

    @cached_property
    def folder(self) -> Path:
        """Where the weights are."""
        if self.config.model is None:
            raise InputError(
                f"the generator {self.config.plugin!r} needs a model", "Set generator.model; `jmlr models` lists some."
            )
        return resolve_model(self.config.model)

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return load_tokenizer(self.folder, self.config.trust_remote_code)

    @cached_property
    def settings(self) -> PreTrainedConfig:
        return load_settings(self.folder, self.config.rope_scaling, self.config.trust_remote_code)

    @cached_property
    def encoder(self) -> Encoder:
        return Encoder(self.tokenizer, self.frame.end)

    @property
    @abstractmethod
    def frame(self) -> Frame:
        """What this model family puts around the prompt's content."""

    @property
    def wording(self) -> Wording:
        """The words of the prompt's content."""
        return WORDINGS[self.options.template]

    @cached_property
    def context(self) -> int:
        """The longest prompt with its answer, in tokens."""
        own, wanted = longest_context(self.settings), self.config.context
        if own is None and wanted is None:
            raise InputError(f"{self.name} does not say how much it can read", "Set generator.context.")
        if own and wanted and wanted > own:
            logger.warning("generator.context is %d, but %s reads %d tokens: %d are used", wanted, self.name, own, own)
        return min(limit for limit in (own, wanted) if limit)

    @property
    def module(self) -> PreTrainedModel:
        if self._model is None:
            with within_memory(self.name):
                self._model = load_model(self.folder, self.settings, self.config)
        return self._model

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
        if answer is not None and not answer.strip():
            raise InputError(f"question {question.id!r} has an empty answer", "Give it an answer, or leave the question out.")
        led = None if answer is None else self.frame.lead + answer

        def compose(texts: Sequence[str], turns: Sequence[Turn]) -> Prompt:
            asked = content(question, texts, self.wording, list_options=list_options, instruction=instruction)
            return Prompt(self.frame.around(asked, turns, self.wording), led, history=tuple(turns))

        bare = compose([], ())
        reserved = self.options.max_answer_tokens if led is None else len(self.encoder.answer_ids(bare, led, end=True))
        room = Room(self.context, reserved, question.id, self.name)
        turns = recent(history, partial(compose, []), self.encoder, room)
        return fit([passage.content for passage in passages], partial(compose, turns=turns), self.encoder, room)

    def answer_nll(
        self, prompts: Sequence[Prompt], *, end: bool = False, reduction: Literal["mean", "sum"] = "mean"
    ) -> torch.Tensor:
        encoded = [self._encoded(prompt, end) for prompt in prompts]
        if not encoded:
            return torch.zeros(0, device=self.module.device)
        with within_memory(self.name):
            sums = self._nll_sums(encoded)
        return sums if reduction == "sum" else sums / torch.tensor([len(pair.answer) for pair in encoded], device=sums.device)

    def answer_scores(self, prompts: Sequence[Prompt]) -> list[AnswerScore]:
        encoded = [self._encoded(prompt) for prompt in prompts]
        if not encoded:
            return []
        with evaluating(self.module), within_memory(self.name):
            sums = self._nll_sums(encoded).tolist()
        return [AnswerScore(total, len(pair.answer)) for total, pair in zip(sums, encoded, strict=True)]

    def option_scores(self, prompt: Prompt, answers: Sequence[str]) -> list[AnswerScore]:
        return self.options_scores([prompt], [answers])[0]

    def options_scores(self, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]]) -> list[list[AnswerScore]]:
        asked = [self._asked(prompt, texts) for prompt, texts in zip(prompts, answers, strict=True)]
        with evaluating(self.module), within_memory(self.name), scoring():
            sums = option_nll_sums(self.module, asked, self.options.batch_tokens or MOST_TOKENS)
        return [
            [AnswerScore(total, len(answer)) for total, answer in zip(totals, each.answers, strict=True)]
            for totals, each in zip(sums, asked, strict=True)
        ]

    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        encoded = [self.encoder.prompt_ids(prompt) for prompt in prompts]
        rooms = [self._room(ids, max_new_tokens) for ids in encoded]
        answers = [""] * len(prompts)
        for places in batches_of_equal_room(
            [len(ids) for ids in encoded], rooms, self.module.device.type, self.options.batch_tokens or MOST_TOKENS
        ):
            with within_memory(self.name):
                group = [encoded[place] for place in places]
                texts = greedy(self.module, self.tokenizer, group, rooms[places[0]], self.ending)
            for place, text in zip(places, texts, strict=True):
                answers[place] = text
        return answers

    def stream(self, prompt: Prompt, max_new_tokens: int) -> Iterator[str]:
        ids = self.encoder.prompt_ids(prompt)
        with within_memory(self.name):
            yield from greedy_stream(self.module, self.tokenizer, ids, self._room(ids, max_new_tokens), self.ending)

    @property
    def ending(self) -> Ending:
        """What ends an answer: the model's own ends of text, the tokenizer's, and that of a chat turn."""
        own = self.module.generation_config.eos_token_id
        several = own if isinstance(own, list) else [own]
        known = (self.encoder.end_id, self.tokenizer.eos_token_id, *several)
        return Ending(tuple(dict.fromkeys(token for token in known if token is not None)), self._end_texts())

    # peft takes seconds to import, so only what trains or wears adapters does

    def add_adapters(self) -> None:
        from jmlr_plugins.generators.adapters import with_new_adapters, without_adapters

        bare = self._ready_to_train(without_adapters(self.module))
        self._model = with_new_adapters(bare, self.config.lora, self.name)

    def load_adapters(self, folder: Path, *, trainable: bool = False) -> None:
        from jmlr_plugins.generators.adapters import with_saved_adapters, without_adapters

        bare = without_adapters(self.module)
        bare = self._ready_to_train(bare) if trainable else bare
        self._model = with_saved_adapters(bare, folder, self.name, trainable=trainable).eval()

    def shard(self, mesh: DeviceMesh, control: ProcessGroup) -> None:
        with within_memory(self.name):
            self._shards = Shards(self.module, mesh, control)

    def catch_up(self) -> torch.Tensor | None:
        return self._shards.catch_up() if self._shards else None

    def save(self, folder: Path) -> None:
        from jmlr_plugins.generators.adapters import has_adapters, save_adapters

        if has_adapters(self.module):
            save_adapters(self.module, folder, self.config.model or self.name)
            return
        self.module.save_pretrained(str(folder))
        self.tokenizer.save_pretrained(str(folder))

    def _ready_to_train(self, model: PreTrainedModel) -> PreTrainedModel:
        if self.options.gradient_checkpointing:
            # transformers 5 gave it a new name; the first argument is the same
            enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
            enable({"use_reentrant": False})
            model.enable_input_require_grads()
        return model

    def _nll_sums(self, encoded: Sequence[Encoded]) -> torch.Tensor:
        """The NLL of each answer. Passes are bounded, and adapters merged, where no gradient is kept."""
        if torch.is_grad_enabled():
            return batched_nll_sums(self.module, encoded)
        budget = self.options.batch_tokens or FASTEST.get(self.module.device.type, MOST_TOKENS)
        with scoring():
            return batched_nll_sums(self.module, encoded, budget)

    def _encoded(self, prompt: Prompt, end: bool = False) -> Encoded:
        if prompt.answer is None:
            raise ValueError("a prompt without an answer has no likelihood; render it with one")
        return Encoded(self.encoder.prompt_ids(prompt), self.encoder.answer_ids(prompt, prompt.answer, end=end))

    def _asked(self, prompt: Prompt, answers: Sequence[str]) -> Asked:
        if not all(map(str.strip, answers)):
            raise InputError("an option has no text, so it has no likelihood", "Give every option a text.")
        ids = [self.encoder.answer_ids(prompt, self.frame.lead + answer.lstrip(" ")) for answer in answers]
        return Asked(self.encoder.prompt_ids(prompt), ids)

    def _room(self, prompt: list[int], max_new_tokens: int) -> int:
        room = min(max_new_tokens, self.context - len(prompt))
        if room < 1:
            raise InputError(
                f"the prompt has {len(prompt)} tokens, but {self.name} reads {self.context}", "Raise generator.context."
            )
        return room

    def _end_texts(self) -> tuple[str, ...]:
        stops = self.frame.stops or self.wording.stops
        return (*stops, self.frame.end) if self.frame.end else stops
