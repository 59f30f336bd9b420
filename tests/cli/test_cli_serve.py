"""What `jmlr serve` refuses before it serves."""

from __future__ import annotations

import importlib.util
import socket

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")


def test_without_its_extra_it_says_what_to_install(run_here, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "uvicorn" else found(name, *rest))
    done = run_here(tmp_path, "serve")
    assert (done.code, "uvicorn" in done.err, "pip install 'jmlr[serve]'" in done.err) == (4, True, True)


def test_a_port_that_is_taken_is_told_before_the_models_are_loaded(run_here, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run_here(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert (done.code, "is taken" in done.err, "loading" in done.err) == (3, True, False)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--token-env", "NO_SUCH_TOKEN"], 2, "NO_SUCH_TOKEN"),
        (["--host", "nowhere.invalid"], 3, "nowhere.invalid"),
        (["--recipe", "tiny"], 3, "no index yet"),
        (["--recipe", "tinny"], 3, "tinny"),
    ],
)
def test_a_mistake_is_one_sentence(run_here, tmp_path, arguments, code, words):
    done = run_here(tmp_path, "serve", "--port", "0", *arguments)
    assert (done.code, words in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("name", "code", "words"), [("latest", 2, "served already"), ("tinny", 3, "tinny")])
def test_a_system_is_compared_with_another_one(run_here, clinic, name, code, words):
    done = run_here(clinic.folder, "serve", "--port", "0", "--compare", name)
    assert (done.code, words in done.err) == (code, True), done.err


@pytest.mark.parametrize(("host", "guarded"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_beyond_this_machine_a_new_token_is_needed_and_printed_once(run_here, clinic, monkeypatch, host, guarded):
    served = []
    monkeypatch.setattr("jmlr_cli.serving.listening.listening", lambda *_: socket.create_server(("127.0.0.1", 0)))
    monkeypatch.setattr("jmlr_cli.serving.server.run_server", lambda service, at, token, hosts: served.append((token, hosts)))
    done = run_here(clinic.folder, "serve", "--host", host)
    ((token, hosts),) = served
    assert done.code == 0
    assert (token is not None, hosts is None) == (guarded, guarded)
    assert done.err.count("#token=") == guarded
    if guarded:
        assert done.err.count(token) == 1
    else:
        assert hosts >= {"127.0.0.1", "localhost", "::1"}
