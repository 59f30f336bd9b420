"""Who may ask the server, and what browsers may do with what it says."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from jmlr_cli.errors import InputError, UsageError
from jmlr_cli.serving import guard
from jmlr_cli.serving.guard import Guard
from jmlr_cli.serving.listening import is_loopback, listening, token_for, url_of
from jmlr_cli.serving.metrics import Metrics

TOKEN = "a-token-of-some-length"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "localhost@evil"])
def test_a_name_that_somebody_else_pointed_here_is_refused(server, host):
    with server.client() as client:
        for path in ("/", "/health", "/v1/models"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code in (400, 421), path
            assert "page.js" not in answer.text


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1", "[::1]:8080", "LOCALHOST"])
def test_this_machines_own_names_are_let_in(server, host):
    with server.client() as client:
        assert client.get("/v1/models", headers={"Host": host}).status_code == 200


def test_every_response_forbids_what_browsers_need_not_do(server):
    with server.client() as client:
        answers = [client.get("/"), client.get("/page.js"), client.get("/nothing"), client.post("/search", content="x")]
        answers.append(client.get("/", headers={"Host": "evil.example"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_a_form_on_another_page_cannot_ask(server):
    body = json.dumps({"messages": [{"role": "user", "content": "a"}]})
    with server.client() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            assert client.post("/v1/chat/completions", content=body, headers={"Content-Type": kind}).status_code == 415
        answer = client.options("/v1/chat/completions", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_a_body_that_is_too_large_is_refused(server):
    with server.client() as client:
        answer = client.post("/search", content=b" " * (guard.LARGEST + 1), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert client.get("/health").status_code == 200


def test_with_a_token_nothing_but_the_empty_page_is_told_without_it(serve):
    with serve("--token-env", "SERVE_TOKEN", SERVE_TOKEN=TOKEN) as server:
        with server.client() as client:
            assert client.get("/").status_code == client.get("/page.js").status_code == client.get("/health").status_code == 200
            for path in ("/v1/models", "/metrics", "/openapi.json", "/nothing"):
                assert client.get(path).status_code == 401, path
            assert client.get("/v1/models", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
            wrong = client.get("/v1/models", headers={"Authorization": f"Bearer {TOKEN}x"})
            assert wrong.headers["www-authenticate"] == "Bearer"
            assert wrong.json()["error"]["code"] == "invalid_api_key"
        with server.client(Authorization=f"Bearer {TOKEN}") as client:
            assert client.get("/v1/models").status_code == 200
        assert TOKEN not in server.log.read_text()


def test_nothing_is_logged_of_what_was_asked(server):
    server.ask("Does the patient John Secret have gout?")
    server.ask("John Secret " * 1500)
    assert "Secret" not in server.log.read_text()


def test_beyond_this_machine_there_is_always_a_token():
    made = token_for(None, is_loopback("0.0.0.0"))
    assert made is not None
    assert len(made) > 40
    assert made != token_for(None, is_loopback("hospital.example"))
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert token_for(None, True) is None
    assert url_of("::1", 8080) == "http://[::1]:8080/"
    assert url_of("10.0.0.1", 8080, "t") == "http://10.0.0.1:8080/#token=t"


@pytest.mark.parametrize("value", [None, "", "short", "with spaces in the token"])
def test_a_variable_without_a_token_is_refused(monkeypatch, value):
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("NO_SUCH_TOKEN", value)
    with pytest.raises(UsageError, match="NO_SUCH_TOKEN"):
        token_for("NO_SUCH_TOKEN", True)


def test_a_port_that_is_taken_or_an_address_of_another_machine_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="is taken"):
        listening("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(InputError, match="nothing can listen"):
        listening("192.0.2.1", 8080)


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.05)
    assert asyncio.run(posted(None, {"type": "http.request", "body": b"{", "more_body": True})) == [408]


def test_an_error_that_nobody_foresaw_is_told_and_logged_without_its_words(caplog):
    async def app(scope, receive, send):
        raise RuntimeError("the patient John Secret")

    assert asyncio.run(posted(app, {"type": "http.request", "body": b"{}"})) == [500]
    assert "RuntimeError at " in caplog.text
    assert "Secret" not in caplog.text


async def posted(app, *messages) -> list[int]:
    """The status that the guard answers to a request that comes in these messages, and then no more."""
    coming, sent = list(messages), []

    async def receive():
        return coming.pop(0) if coming else await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/search", "headers": [(b"content-type", b"application/json")]}
    await Guard(app, Metrics(), None, None)(scope, receive, send)
    return [message["status"] for message in sent if message["type"] == "http.response.start"]
