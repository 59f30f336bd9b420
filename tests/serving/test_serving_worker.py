"""One worker, a bounded queue, and readers that go away, come too late, or stay."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from jmlr_cli.errors import InputError
from jmlr_cli.serving import following
from jmlr_cli.serving.following import GoneError, LateError, follow
from jmlr_cli.serving.worker import ClosedError, FullError, Worker


class Gate:
    """Work that says when it began and waits to go on; ``stopped`` is set when it was left or ended."""

    def __init__(self, *items: str) -> None:
        self.items = items
        self.began, self.opened, self.stopped = threading.Event(), threading.Event(), threading.Event()

    def __call__(self):
        self.began.set()
        try:
            for item in self.items:
                assert self.opened.wait(10)
                yield item
                self.opened.wait(0.01)
        finally:
            self.stopped.set()


@pytest.fixture
def worker():
    times = []
    one = Worker(places=2, timing=lambda waited, took: times.append((waited, took)))
    one.times = times
    yield one
    one.close()
    one.join(10)


async def stays():
    await asyncio.sleep(60)


async def read(worker, job, receive=stays, seconds=10.0):
    return [item async for item in follow(worker, job, receive, seconds) if item is not None]


def test_jobs_are_done_in_turn_each_for_its_own_reader(worker):
    async def all_three():
        works = [Gate(f"a{n}", f"b{n}") for n in range(3)]
        jobs = [worker.submit(work) for work in works]
        for work in works:
            work.opened.set()
        return await asyncio.gather(*(read(worker, job) for job in jobs))

    assert asyncio.run(all_three()) == [["a0", "b0"], ["a1", "b1"], ["a2", "b2"]]
    assert len(worker.times) == 3


def test_beyond_the_last_place_a_job_is_refused(worker):
    async def fill():
        running = Gate("x")
        jobs = [worker.submit(running)]
        await asyncio.to_thread(running.began.wait, 10)
        jobs += [worker.submit(Gate("y")), worker.submit(Gate("z"))]
        with pytest.raises(FullError):
            worker.submit(Gate("one too many"))
        waiting = worker.waiting
        for job in jobs:
            worker.abandon(job)
        running.opened.set()
        return waiting

    assert asyncio.run(fill()) == 2


def test_a_client_that_goes_away_frees_its_place_at_once(worker):
    async def leave():
        running, waits = Gate("x"), Gate("never")
        first = worker.submit(running)
        await asyncio.to_thread(running.began.wait, 10)
        second = worker.submit(waits)
        with pytest.raises(GoneError):
            await read(worker, second, receive=gone)
        left = worker.waiting
        running.opened.set()
        return left, await read(worker, first), waits.began.is_set()

    assert asyncio.run(leave()) == (0, ["x"], False)


async def gone():
    return {"type": "http.disconnect"}


def test_a_client_that_goes_away_stops_what_is_being_written_for_it(worker):
    async def leave():
        endless = Gate(*("word " * 10_000).split())
        job = worker.submit(endless)
        endless.opened.set()
        items = follow(worker, job, stays, 10)
        await anext(items)
        await items.aclose()
        return await asyncio.to_thread(endless.stopped.wait, 5)

    assert asyncio.run(leave())


def test_the_time_limit_holds_for_waiting_and_for_working(worker):
    async def late():
        slow, behind = Gate("x"), Gate("y")
        jobs = [worker.submit(slow), worker.submit(behind)]
        results = await asyncio.gather(*(read(worker, job, seconds=0.1) for job in jobs), return_exceptions=True)
        slow.opened.set()
        return [type(result) for result in results]

    assert asyncio.run(late()) == [LateError, LateError]


def test_the_time_limit_holds_for_a_reader_that_is_slower_than_the_work(worker):
    async def slowly():
        ready = Gate(*"abcdefgh")
        ready.opened.set()
        items = []
        async for item in follow(worker, worker.submit(ready), stays, 0.3):
            items.append(item)
            await asyncio.sleep(0.2)
        return items

    with pytest.raises(LateError):
        asyncio.run(slowly())


def test_a_reader_that_waits_hears_that_the_work_goes_on(worker, monkeypatch):
    monkeypatch.setattr(following, "HEARTBEAT", 0.02)

    async def wait():
        slow = Gate("x")
        items = follow(worker, worker.submit(slow), stays, 10)
        first = await anext(items)
        slow.opened.set()
        return first, [item async for item in items if item is not None]

    assert asyncio.run(wait()) == (None, ["x"])


def test_what_a_job_raises_reaches_its_reader_and_the_next_one_is_done(worker):
    def fails():
        yield "begun"
        raise InputError("it cannot be", "Try another.")

    async def both():
        last = Gate("fine")
        last.opened.set()
        failed, fine = worker.submit(fails), worker.submit(last)
        with pytest.raises(InputError, match="it cannot be"):
            await read(worker, failed)
        return await read(worker, fine)

    assert asyncio.run(both()) == ["fine"]


def test_when_it_closes_those_that_wait_are_sent_away_and_the_running_one_ends(worker):
    async def close():
        running = Gate("x")
        first = worker.submit(running)
        await asyncio.to_thread(running.began.wait, 10)
        second = worker.submit(Gate("y"))
        worker.close()
        with pytest.raises(ClosedError):
            await read(worker, second)
        with pytest.raises(ClosedError):
            worker.submit(Gate("z"))
        running.opened.set()
        return await read(worker, first)

    assert asyncio.run(close()) == ["x"]


def test_a_reader_whose_loop_has_ended_hurts_nobody(worker):
    async def begin():
        endless = Gate("x", "y", "z")
        worker.submit(endless)
        return endless

    left = asyncio.run(begin())
    left.opened.set()
    assert left.stopped.wait(5)

    async def after():
        fine = Gate("fine")
        fine.opened.set()
        return await read(worker, worker.submit(fine))

    time.sleep(0.05)
    assert asyncio.run(after()) == ["fine"]
