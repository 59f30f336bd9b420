"""Answers in the shape of OpenAI's chat completions."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from jmlr_cli.answering.citations import cited_ranks
from jmlr_cli.answering.hits import hit_json
from jmlr_cli.serving.errors import refusal
from jmlr_cli.serving.following import GoneError
from jmlr_cli.serving.work import Found

DONE = "data: [DONE]\n\n"
ALIVE = ": waiting\n\n"
"""A comment among server-sent events, which keeps proxies from closing a connection on which nothing happens."""


@dataclass(frozen=True)
class Completion:
    """One answer's identity, and the JSON that is made of it."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    async def whole(self, items: AsyncIterator[Found | str | None]) -> dict[str, Any]:
        """The answer as one object."""
        found, text = Found("", []), ""
        async for item in items:
            found = item if isinstance(item, Found) else found
            text += item if isinstance(item, str) else ""
        message = {"role": "assistant", "content": text, "refusal": None, **_sources(found, text)}
        return self._object("chat.completion", {"message": message, "finish_reason": "stop", "logprobs": None})

    async def events(self, items: AsyncIterator[Found | str | None]) -> AsyncIterator[str]:
        """The answer as server-sent events; the last one before the end has the passages. An error ends them, too."""
        found, text = Found("", []), ""
        try:
            yield self._chunk({"role": "assistant", "content": ""})
            async for item in items:
                if isinstance(item, Found):
                    found = item
                elif isinstance(item, str):
                    text += item
                    yield self._chunk({"content": item})
                else:
                    yield ALIVE
        except GoneError:
            return
        except Exception as error:
            yield _event(refusal(error).body)
            return
        yield self._chunk(_sources(found, text), "stop")
        yield DONE

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        return _event(self._object("chat.completion.chunk", {"delta": delta, "finish_reason": finish_reason}))

    def _object(self, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        choices = [{"index": 0, **choice}]
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def _sources(found: Found, text: str) -> dict[str, Any]:
    passages = [hit_json(hit) for hit in found.hits]
    return {"citations": list(cited_ranks(text)), "passages": passages, "query": found.query}


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
