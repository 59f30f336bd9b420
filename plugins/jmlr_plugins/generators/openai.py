"""Any server that speaks the OpenAI chat protocol: a hosted model, vLLM, llama.cpp, Ollama."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field

from jmlr_cli.contracts.config import Section
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Part, Passage, Prompt, Question, Turn
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.offline import check_online
from jmlr_plugins.generators.fitting import Room, fit, recent
from jmlr_plugins.generators.openai_errors import Server, errors_told
from jmlr_plugins.generators.template import WORDINGS, content
from jmlr_plugins.generators.text import tidy

if TYPE_CHECKING:
    from openai import OpenAI

OFFICIAL = "https://api.openai.com/v1"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OpenAIOptions(Section):
    """Where the server is and how it is asked."""

    base_url: str | None = Field(None, description="The server's address up to /v1; by default OPENAI_BASE_URL, or OpenAI's own.")
    api_key_env: str = Field("OPENAI_API_KEY", description="The environment variable with the key; a local server needs none.")
    temperature: float | None = Field(0.0, ge=0, description="0 draws greedily; null leaves it to the server.")
    timeout: float = Field(60.0, gt=0, description="Seconds to wait for an answer, or for its next piece.")
    max_retries: int = Field(2, ge=0, description="How often a failed or refused request is sent again.")
    concurrency: int = Field(4, gt=0, description="Requests under way at once.")
    max_context: int = Field(8192, gt=0, description="Longest prompt with its answer, in tokens, unless generator.context says.")
    max_answer_tokens: int = Field(512, gt=0, description="Room left for the answer, in tokens.")
    characters_per_token: float = Field(
        3.5, gt=0, description="How tokens are estimated: the server's tokenizer is not known here."
    )


class CharacterCounter:
    """Estimates tokens from characters."""

    def __init__(self, characters_per_token: float) -> None:
        self.size = characters_per_token

    def length(self, prompt: Prompt) -> int:
        earlier = [text for turn in prompt.history for text in (turn.question, turn.answer)]
        return len(self.token_ends("".join([*earlier, prompt.text])))

    def token_ends(self, text: str) -> list[int]:
        count = int(-(-len(text) // self.size))
        return [min(len(text), round((place + 1) * self.size)) for place in range(count)]


class OpenAIGenerator(Generator):
    """A model behind a server. It answers; it neither trains nor tells likelihoods."""

    Options = OpenAIOptions
    options: OpenAIOptions

    @property
    def name(self) -> str:
        return self.config.model or self.config.plugin

    @cached_property
    def url(self) -> str:
        return self.options.base_url or os.environ.get("OPENAI_BASE_URL") or OFFICIAL

    @cached_property
    def client(self) -> OpenAI:
        """The connection. Raises :class:`MissingError` without the package or, for OpenAI itself, a key."""
        try:
            import openai
        except ImportError as error:
            raise MissingError("the openai generator needs the package openai", "pip install 'jmlr[openai]'") from error
        check_online(f"the server at {self.url}")
        key = os.environ.get(self.options.api_key_env)
        if not key and self.url.rstrip("/") == OFFICIAL:
            raise MissingError(f"there is no key in {self.options.api_key_env}", "Set it, or generator.options.base_url.")
        # A proxy set for the outside world cannot reach a server on this machine.
        direct = openai.DefaultHttpxClient(trust_env=False) if urlsplit(self.url).hostname in LOOPBACK else None
        return openai.OpenAI(
            base_url=self.url, api_key=key or "none", timeout=self.options.timeout,
            max_retries=self.options.max_retries, http_client=direct,
        )  # fmt: skip

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
        def compose(texts: Sequence[str], turns: Sequence[Turn]) -> Prompt:
            first, *rest = content(question, texts, WORDINGS["jmlr"], list_options=list_options, instruction=instruction)
            return Prompt((Part(first.text.lstrip("\n")), *rest), answer, history=tuple(turns))

        counter = CharacterCounter(self.options.characters_per_token)
        reserved = self.options.max_answer_tokens if answer is None else len(counter.token_ends(answer))
        room = Room(self.config.context or self.options.max_context, reserved, question.id, self.name)
        turns = recent(history, partial(compose, []), counter, room)
        return fit([passage.content for passage in passages], partial(compose, turns=turns), counter, room)

    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        arguments = [self._request(prompt, max_new_tokens) for prompt in prompts]
        with ThreadPoolExecutor(self.options.concurrency) as pool:
            return list(pool.map(self._answer, arguments))

    def stream(self, prompt: Prompt, max_new_tokens: int) -> Iterator[str]:
        request, completions = self._request(prompt, max_new_tokens), self.client.chat.completions
        with self._told(), completions.create(stream=True, **request) as chunks:
            yield from tidy(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    def _answer(self, request: dict[str, Any]) -> str:
        completions = self.client.chat.completions
        with self._told():
            completion = completions.create(**request)
        choices = getattr(completion, "choices", None)
        if not choices:
            raise MissingError(f"what answers at {self.url} is no OpenAI-compatible server", "It must end in /v1, usually.")
        return (choices[0].message.content or "").strip()

    def _request(self, prompt: Prompt, max_new_tokens: int) -> dict[str, Any]:
        if self.config.model is None:
            raise InputError("the openai generator needs a model", "Set generator.model to a name that the server knows.")
        # OpenAI renamed the limit; compatible servers know the old name.
        limit = "max_completion_tokens" if self.url.rstrip("/") == OFFICIAL else "max_tokens"
        warmth = {} if self.options.temperature is None else {"temperature": self.options.temperature}
        earlier = [pair for turn in prompt.history for pair in (("user", turn.question), ("assistant", turn.answer))]
        turns = [{"role": role, "content": text} for role, text in (*earlier, ("user", prompt.text))]
        return {"model": self.config.model, "messages": turns, limit: max_new_tokens, **warmth}

    def _told(self) -> AbstractContextManager[None]:
        return errors_told(Server(self.url, self.name, self.options.api_key_env, self.options.timeout))
