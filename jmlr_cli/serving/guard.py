"""What stands before every request: who may ask, how much, and what browsers may do with the response."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import traceback
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmlr_cli.serving.errors import Refusal, refusal
from jmlr_cli.serving.following import GoneError
from jmlr_cli.serving.metrics import Metrics
from jmlr_cli.serving.page import FILES

logger = logging.getLogger(__name__)

LARGEST = 1 << 20
"""Bytes that a request's body may have."""

BODY_SECONDS = 20.0
"""Seconds in which a request's body must have come."""

OPEN = frozenset({*FILES, "/health"})
"""What needs no token: it says nothing of the documents."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Guard:
    """ASGI middleware. ``hosts`` are the names that the Host header may have (None: any), ``token`` what clients must show."""

    app: ASGIApp
    metrics: Metrics
    token: str | None
    hosts: frozenset[str] | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        sent = _Sent(scope, send, self.metrics)
        try:
            self._check(scope)
            await self.app(scope, await _with_body(receive) if scope["method"] == "POST" else receive, sent)
        except Exception as error:
            answer = refusal(error)
            if answer.status == 500:
                logger.error("%s at %s", type(error).__name__, _place(error))  # its words may hold a question's
            if not sent.started:
                await sent.refuse(answer)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if self.hosts is not None and _hostname(headers.get("host", "")) not in self.hosts:
            raise Refusal(421, "invalid_request_error", "this server answers to its own name only", "wrong_host")
        if self.token and scope["path"] not in OPEN and not _shows(headers.get("authorization", ""), self.token):
            told = {"WWW-Authenticate": "Bearer"}
            raise Refusal(401, "authentication_error", "this server needs its token", "invalid_api_key", told)
        if scope["method"] == "POST" and headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refusal(415, "invalid_request_error", "the body must be application/json")


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _shows(authorization: str, token: str) -> bool:
    """Whether the header has the token; the comparison takes as long wherever the two differ."""
    scheme, _, shown = authorization.partition(" ")
    return hmac.compare_digest(shown.strip().encode(), token.encode()) and scheme.lower() == "bearer"


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"


async def _with_body(receive: Receive) -> Receive:
    """What receives the request once more, its body read: neither too large nor too slow."""
    try:
        body = await asyncio.wait_for(_read(receive), BODY_SECONDS)
    except TimeoutError:
        raise Refusal(408, "timeout_error", f"the body did not come within {BODY_SECONDS:.0f} s") from None
    read: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return read.pop() if read else await receive()

    return again


async def _read(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        body += message.get("body", b"")
        if len(body) > LARGEST:
            raise Refusal(413, "invalid_request_error", f"the body has more than {LARGEST >> 20} MiB")
        more = message.get("more_body", False)
    return bytes(body)


class _Sent:
    """Sends a response with :data:`HEADERS`, and counts it."""

    def __init__(self, scope: Scope, send: Send, metrics: Metrics) -> None:
        self._scope, self._send, self._metrics = scope, send, metrics
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            MutableHeaders(scope=message).update(HEADERS)
            route = self._scope.get("route")  # a path that no route has would make a series of its own
            self._metrics.requests.labels(getattr(route, "path", "other"), message["status"]).inc()
        await self._send(message)

    async def refuse(self, answer: Refusal) -> None:
        headers = {"Content-Type": "application/json", **answer.headers}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self({"type": "http.response.start", "status": answer.status, "headers": raw})
        await self._send({"type": "http.response.body", "body": json.dumps(answer.body).encode()})
