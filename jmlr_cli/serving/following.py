"""Reads a job's items, as long as somebody wants them and time is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TypeVar

from starlette.types import Receive

from jmlr_cli.serving.worker import Ended, Job, Worker

Item = TypeVar("Item")

HEARTBEAT = 10.0
"""Seconds of silence after which a reader is told that the work goes on."""


class GoneError(Exception):
    """The client has closed its connection."""


class LateError(Exception):
    """The time limit has passed."""


async def follow(worker: Worker, job: Job[Item], receive: Receive, seconds: float) -> AsyncGenerator[Item | None, None]:
    """The items of a job, and None after each :data:`HEARTBEAT` of silence.

    Raises :class:`GoneError` when the client goes away, :class:`LateError` after ``seconds``, and what the work raised. In
    each case, and when nobody reads on, the job stops or leaves the queue.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    gone = asyncio.ensure_future(_gone(receive))
    coming = asyncio.ensure_future(job.next())
    try:
        while True:
            silence = min(HEARTBEAT, deadline - loop.time())
            done, _ = await asyncio.wait({gone, coming}, timeout=max(silence, 0), return_when=asyncio.FIRST_COMPLETED)
            if gone in done:
                raise GoneError
            if coming not in done:
                if loop.time() >= deadline:
                    raise LateError
                yield None
                continue
            item = coming.result()
            if isinstance(item, Ended):
                if item.error:
                    raise item.error
                return
            if loop.time() >= deadline:  # a slow reader does not make it longer
                raise LateError
            coming = asyncio.ensure_future(job.next())
            yield item
    finally:
        worker.abandon(job)
        for task in (gone, coming):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
