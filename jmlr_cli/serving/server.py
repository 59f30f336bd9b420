"""The process: from the first request to a graceful stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from jmlr_cli.serving.app import Service, make_app

CONNECTIONS = 256
"""Connections that are held at once, whatever they ask."""

GRACE = 20
"""Seconds that the request being answered has to end when the server stops."""


class GracefulServer(uvicorn.Server):
    """Ends without an error when it is told to, after those that wait were sent away and the last answer was given."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.worker.close()
        await super().shutdown(sockets)
        await asyncio.to_thread(self._service.worker.join, GRACE)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As the base's, but a signal that was obeyed is not raised once more."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_server(service: Service, at: socket.socket, token: str | None, hosts: frozenset[str] | None) -> None:
    """Serve until SIGINT or SIGTERM. Nothing is logged of requests."""
    config = uvicorn.Config(
        make_app(service, token, hosts), http="h11", loop="asyncio", ws="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
    GracefulServer(config, service).run(sockets=[at])
