"""Many clients at once, and the end."""

from __future__ import annotations

import asyncio
import json
import signal
import time

import psutil
import pytest

from tests.thorough import THOROUGH

httpx = pytest.importorskip("httpx", reason="httpx is not installed")

CLIENTS = 50
ANSWERS = 10**9 if THOROUGH else 60
SECONDS = 300 if THOROUGH else 100
"""Longest time for so many answers. For sixty, a machine that does nothing else needs a few."""

TOPICS = [
    "malaria",
    "anaphylaxis",
    "gout",
    "scabies",
    "a blood film",
    "adrenaline",
    "colchicine",
    "permethrin cream",
    "uric acid",
]
QUESTIONS = [f"{start} {topic}?" for topic in TOPICS for start in ("What is said of", "When is there", "Who needs", "How is")]


def body(question: str) -> dict:
    return {"messages": [{"role": "user", "content": question}], "max_tokens": 6, "k": 1}


def told(answer: httpx.Response) -> tuple:
    message = answer.json()["choices"][0]["message"]
    return message["query"], message["content"], tuple(hit["passage"] for hit in message["passages"])


async def one_client(number: int, url: str, until: float, truth: dict, seen: list) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        turn = number
        while seen.count(200) < ANSWERS and time.monotonic() < until:
            question = QUESTIONS[turn % len(QUESTIONS)]
            answer = await client.post("/v1/chat/completions", json=body(question))
            seen.append(answer.status_code)
            if answer.status_code == 200:
                assert told(answer) == truth[question]
            else:
                assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
                assert answer.json()["error"]["code"] == "queue_full"
                await asyncio.sleep(0.05)
            turn += 7


async def all_clients(url: str, truth: dict) -> list[int]:
    until, seen = time.monotonic() + SECONDS, []
    await asyncio.gather(*(one_client(number, url, until, truth, seen) for number in range(CLIENTS)))
    return seen


def test_fifty_clients_get_their_own_answers_or_are_told_to_come_back_and_memory_stays(serve):
    with serve("--queue", "8") as server:
        with server.client() as client:
            truth = {question: told(client.post("/v1/chat/completions", json=body(question))) for question in QUESTIONS}
        assert len({told[1:] for told in truth.values()}) > len(QUESTIONS) // 3, "the answers should tell questions apart"
        memory = psutil.Process(server.process.pid).memory_info
        before = memory().rss
        seen = asyncio.run(all_clients(server.url, truth))
        assert set(seen) == {200, 429}
        assert seen.count(200) >= (SECONDS if THOROUGH else ANSWERS)
        assert memory().rss - before < 48 << 20
        with server.client() as client:
            metrics = client.get("/metrics").text
        assert "jmlr_queue_waiting 0.0" in metrics
        assert f'path="/v1/chat/completions",status="429"}} {seen.count(429)}.0' in metrics


def test_clients_that_leave_do_not_hold_the_others_up(server):
    async def leave(url: str) -> int:
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            asked = {**body(QUESTIONS[0]), "max_tokens": 200, "stream": True}
            for _ in range(40):
                async with client.stream("POST", "/v1/chat/completions", json=asked) as answer:
                    assert answer.status_code == 200
                    await anext(answer.aiter_lines())
            for _ in range(600):
                last = await client.post("/v1/chat/completions", json=body(QUESTIONS[1]))
                if last.status_code == 200:
                    return last.status_code
                await asyncio.sleep(0.1)
        return last.status_code

    assert asyncio.run(leave(server.url)) == 200


def test_told_to_stop_it_ends_the_answer_that_it_writes(serve):
    with serve() as server:
        asked = {**body(QUESTIONS[0]), "max_tokens": 120, "stream": True}
        with server.client() as client, client.stream("POST", "/v1/chat/completions", json=asked) as answer:
            lines = answer.iter_lines()
            next(lines)
            server.process.send_signal(signal.SIGTERM)
            data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        assert data[-1] == "[DONE]"
        assert json.loads(data[-2])["choices"][0]["finish_reason"] == "stop"
        assert server.process.wait(30) == 0
        with pytest.raises(httpx.ConnectError), server.client() as client:
            client.get("/health")
        assert server.log.read_text().splitlines()[-1] == "stopped"
