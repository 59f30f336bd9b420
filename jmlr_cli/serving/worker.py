"""One thread that runs the models, and the bounded queue before it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Event, Thread
from time import monotonic
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
Work = Callable[[], Generator[Item, None, None]]


class FullError(Exception):
    """As many jobs wait as may."""


class ClosedError(Exception):
    """The server is stopping."""


class Timing(Protocol):
    """Is told, after each job, how many seconds it waited and how many it took."""

    def __call__(self, waited: float, took: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """A job's last word; ``error`` is what stopped it, if anything did."""

    error: Exception | None = None


class Job(Generic[Item]):
    """Work that waits for its turn in the worker. The event loop that made it reads what it yields."""

    def __init__(self, work: Work[Item]) -> None:
        self.since = monotonic()
        self._work = work
        self._abandoned = Event()
        self._loop = asyncio.get_running_loop()
        self._out: asyncio.Queue[Item | Ended] = asyncio.Queue()

    async def next(self) -> Item | Ended:
        """What the work yields next, or that it has ended."""
        return await self._out.get()

    def abandon(self) -> None:
        """Nobody reads on: the work stops at its next step."""
        self._abandoned.set()

    def end(self, error: Exception | None = None) -> None:
        """Say the last word."""
        self._send(Ended(error))

    def run(self) -> None:
        """Do the work, in the worker's thread."""
        if self._abandoned.is_set():
            return
        items = self._work()
        try:
            for item in items:
                if self._abandoned.is_set():
                    return
                self._send(item)
            self.end()
        except Exception as error:  # whoever reads gets to know
            self.end(error)
        finally:
            items.close()  # stops a language model in the middle of its answer

    def _send(self, item: Item | Ended) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to read
            self._loop.call_soon_threadsafe(self._out.put_nowait, item)


class Worker:
    """Runs one job at a time, in the order in which they came. At most ``places`` wait."""

    def __init__(self, places: int, timing: Timing) -> None:
        self._places, self._timing = places, timing
        self._waiting: deque[Job] = deque()
        self._changed = Condition()
        self._closed = False
        self.busy = False
        self._thread = Thread(target=self._run, name="models", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def submit(self, work: Work[Item]) -> Job[Item]:
        """Queue ``work``. Raises :class:`FullError` beyond the last place, :class:`ClosedError` once the server stops."""
        job = Job(work)
        with self._changed:
            if self._closed:
                raise ClosedError
            if len(self._waiting) + self.busy > self._places:
                raise FullError
            self._waiting.append(job)
            self._changed.notify()
        return job

    def abandon(self, job: Job) -> None:
        """Stop a job, or free its place in the queue."""
        job.abandon()
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)

    def close(self) -> None:
        """Take no more jobs, and send those away that wait. The one that runs may end."""
        with self._changed:
            self._closed = True
            turned_away = list(self._waiting)
            self._waiting.clear()
            self._changed.notify()
        for job in turned_away:
            job.end(ClosedError())

    def join(self, seconds: float) -> None:
        """Wait for the last job, after :meth:`close`."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            started = monotonic()
            job.run()
            self._timing(started - job.since, monotonic() - started)

    def _next(self) -> Job | None:
        with self._changed:
            self.busy = False
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            self.busy = True
            return self._waiting.popleft()
