"""What clients send."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from jmlr_cli.answering.citations import uncited
from jmlr_cli.contracts.values import Turn

UNSUPPORTED = ("tools", "functions", "stop", "logprobs", "audio", "response_format")
SPEAKERS = ("user", "assistant")
LONGEST = 20_000


class Message(BaseModel):
    """One message of a conversation. ``content`` may come as OpenAI's list of text parts."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str = Field(max_length=LONGEST)

    @field_validator("content", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        texts = [part["text"] for part in value if isinstance(part, dict) and isinstance(part.get("text"), str)]
        if len(texts) < len(value):
            raise ValueError("only text parts are understood")
        return "\n".join(texts)


class ChatRequest(BaseModel):
    """The body of ``POST /v1/chat/completions``. Sampling parameters are accepted and change nothing: answers are greedy."""

    model_config = ConfigDict(extra="allow")

    model: str | None = Field(None, max_length=200, description="One of GET /v1/models; by default the first.")
    messages: list[Message] = Field(min_length=1, max_length=200, description="The conversation; a user's message comes last.")
    stream: bool = Field(False, description="Answer as server-sent events, piece by piece.")
    max_tokens: int | None = Field(None, gt=0, description="Longest answer, up to the server's own limit.")
    max_completion_tokens: int | None = Field(None, gt=0, description="The same, by its newer name.")
    n: Literal[1, None] = Field(None, description="There is one answer.")
    k: int | None = Field(None, ge=1, le=50, description="How many passages to read; by default the recipe's candidates.read.")

    @model_validator(mode="after")
    def _conversation(self) -> Self:
        roles = [message.role for message in self.messages if message.role in SPEAKERS]
        if roles[:1] != ["user"] or roles[-1] != "user":
            raise ValueError("the conversation must begin and end with a user's message")
        if not self.turns[0].strip():
            raise ValueError("the question is empty")
        return self

    @property
    def unsupported(self) -> str | None:
        """A parameter that would change the answer and is not known here."""
        extra = self.model_extra or {}
        text = {"type": "text"}
        return next((name for name in UNSUPPORTED if extra.get(name) and extra[name] != text), None)

    @property
    def instruction(self) -> str:
        """What the system's messages ask for."""
        return "\n".join(each.content for each in self.messages if each.role in ("system", "developer"))

    @property
    def turns(self) -> tuple[str, tuple[Turn, ...]]:
        """The question, and the turns before it. Messages of one role in a row are one; an answer has no citation marks."""
        said = [each for each in self.messages if each.role in SPEAKERS]
        merged = ["\n".join(each.content for each in group) for _, group in groupby(said, key=lambda each: each.role)]
        return merged[-1], _paired(merged[:-1])


def _paired(contents: Sequence[str]) -> tuple[Turn, ...]:
    pairs = zip(contents[::2], contents[1::2], strict=True)
    return tuple(Turn(question, uncited(answer)) for question, answer in pairs)


class SearchRequest(BaseModel):
    """The body of ``POST /search``."""

    query: str = Field(min_length=1, max_length=LONGEST, description="What to look for.")
    k: int = Field(10, ge=1, le=100, description="How many passages.")
    model: str | None = Field(None, max_length=200, description="Whose retriever and index; by default the first.")


class ExplainRequest(BaseModel):
    """The body of ``POST /explain``."""

    query: str = Field(min_length=1, max_length=LONGEST, description="What was looked for.")
    passage: str = Field(max_length=100, description="The id of a passage.")
    model: str | None = Field(None, max_length=200, description="Whose retriever and index; by default the first.")
