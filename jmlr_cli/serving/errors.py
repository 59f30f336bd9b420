"""What went wrong, in the shape that OpenAI's clients understand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jmlr_cli.errors import DamagedError, JmlrError, MissingError
from jmlr_cli.serving.following import GoneError, LateError
from jmlr_cli.serving.worker import ClosedError, FullError

RETRY_AFTER = 5
"""Seconds after which a client that found the queue full may try again."""


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Refusal(Exception):
    """An answer that is an error: its HTTP status, OpenAI's type and code of it, and one sentence."""

    def __init__(
        self, status: int, type: str, message: str, code: str | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        super().__init__(message)
        self.status, self.type, self.message, self.code, self.headers = status, type, message, code, headers

    @property
    def body(self) -> dict[str, Any]:
        """The response's JSON."""
        return {"error": {"message": self.message, "type": self.type, "param": None, "code": self.code}}


def refusal(error: Exception) -> Refusal:
    """How an error is told to a client. What nobody foresaw is told without its words, which may hold a question's."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, FullError):
        headers = {"Retry-After": str(RETRY_AFTER)}
        return Refusal(429, "rate_limit_error", "too many questions wait: try again in a moment", "queue_full", headers)
    if isinstance(error, LateError):
        return Refusal(504, "timeout_error", "the answer took longer than this server's time limit", "timeout")
    if isinstance(error, GoneError):
        return Refusal(499, "invalid_request_error", "the client has gone")
    if isinstance(error, ClosedError):
        return Refusal(503, "server_error", "the server is stopping", "stopping", {"Retry-After": str(RETRY_AFTER)})
    if isinstance(error, JmlrError):
        return _told(error)
    return Refusal(500, "server_error", "something went wrong in the server", "internal")


def _told(error: JmlrError) -> Refusal:
    message = f"{error}. {error.hint}" if error.hint else str(error)
    if isinstance(error, MissingError):
        return Refusal(503, "server_error", message, "missing")
    if isinstance(error, DamagedError):
        return Refusal(500, "server_error", message, "damaged")
    return Refusal(400, "invalid_request_error", message)


def wrong_body(mistakes: Sequence[Any]) -> Refusal:
    """The first of pydantic's complaints about a body, in one sentence, without the body's own words."""
    first = mistakes[0]
    where = ".".join(str(part) for part in first["loc"][1:]) if first["type"] != "json_invalid" else ""
    what = "the body is no JSON" if first["type"] == "json_invalid" else str(first["msg"]).removeprefix("Value error, ")
    return Refusal(400, "invalid_request_error", f"{where}: {what}" if where else what)
