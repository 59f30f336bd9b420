"""Greedy decoding, in batches or as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event, Thread

import torch
from transformers import (
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    StoppingCriteria,
    StoppingCriteriaList,
    TextIteratorStreamer,
)

from jmlr_cli.modes import evaluating
from jmlr_plugins.generators.text import tidy


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends an answer: one of these tokens, or one of these texts."""

    tokens: tuple[int, ...]
    texts: tuple[str, ...]


def greedy(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
    ending: Ending,
) -> list[str]:
    """The most likely continuation of each prompt, token by token, without the white space around it."""
    ids, mask = _left_padded(prompts, model.device)
    stopping = StoppingCriteriaList([_TextWritten(tokenizer, ids.shape[1], ending.texts)])
    with evaluating(model):
        written = model.generate(  # type: ignore[operator]
            input_ids=ids, attention_mask=mask, generation_config=_settings(max_new_tokens, ending), stopping_criteria=stopping
        )
    return [_text(tokenizer, row, ending) for row in written[:, ids.shape[1] :].tolist()]


def greedy_stream(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompt: list[int], max_new_tokens: int, ending: Ending
) -> Iterator[str]:
    """The same text as :func:`greedy`, in pieces. The model runs in a thread that ends with the iterator."""
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    ids, mask = _left_padded([prompt], model.device)
    abandoned = Event()
    raised: list[BaseException] = []
    stopping = StoppingCriteriaList([_TextWritten(tokenizer, ids.shape[1], ending.texts), _Abandoned(abandoned)])

    def run() -> None:
        try:
            with evaluating(model):
                model.generate(  # type: ignore[operator]
                    input_ids=ids, attention_mask=mask, generation_config=_settings(max_new_tokens, ending),
                    stopping_criteria=stopping, streamer=streamer,
                )  # fmt: skip
        except BaseException as error:  # handed to the reader of the stream
            raised.append(error)
            streamer.end()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield from tidy(streamer, ending.texts)
    finally:
        abandoned.set()
        thread.join()
    if raised:
        raise raised[0]


def _text(tokenizer: PreTrainedTokenizerBase, written: list[int], ending: Ending) -> str:
    over = [written.index(token) for token in ending.tokens if token in written]
    text = str(tokenizer.decode(written[: min(over, default=len(written))], skip_special_tokens=True))
    return "".join(tidy([text], ending.texts))


def _settings(max_new_tokens: int, ending: Ending) -> GenerationConfig:
    return GenerationConfig(
        do_sample=False, num_beams=1, max_new_tokens=max_new_tokens, eos_token_id=list(ending.tokens),
        pad_token_id=ending.tokens[0], use_cache=True,
    )  # fmt: skip


def _left_padded(prompts: Sequence[list[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask, each ``(n, longest)``: padding on the left keeps the ends of the prompts together."""
    longest = max(map(len, prompts))
    padding = [longest - len(ids) for ids in prompts]
    ids = [[0] * pad + ids for pad, ids in zip(padding, prompts, strict=True)]
    mask = [[0] * pad + [1] * (longest - pad) for pad in padding]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


class _TextWritten(StoppingCriteria):
    """Ends a row once its answer holds one of some texts."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt_length: int, texts: Sequence[str]) -> None:
        self.tokenizer, self.prompt_length, self.texts = tokenizer, prompt_length, texts

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        window = max(map(len, self.texts), default=0)  # each character takes one token at most
        tails = input_ids[:, self.prompt_length :][:, -window:].tolist()
        over = [any(text in self.tokenizer.decode(tail) for text in self.texts) for tail in tails]
        return torch.tensor(over, dtype=torch.bool, device=input_ids.device)


class _Abandoned(StoppingCriteria):
    """Ends every row once nobody reads the stream."""

    def __init__(self, event: Event) -> None:
        self.event = event

    def __call__(self, input_ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        return torch.full((len(input_ids),), self.event.is_set(), dtype=torch.bool, device=input_ids.device)
