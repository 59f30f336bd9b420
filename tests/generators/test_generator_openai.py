"""The openai generator, against a real small server on this machine."""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import InputError, MissingError
from jmlr_cli.plugins import registry
from jmlr_plugins.generators.openai import OpenAIGenerator

KEY = "sk-a-secret-nobody-should-see"


class Chat(BaseHTTPRequestHandler):
    """Answers with the third word of the prompt; ``behaviour`` makes it fail."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, self._read()))
        _, _, request = self.server.requests[-1]
        behaviour = self.server.behaviour
        if behaviour == "slow":
            self.server.released.wait(5)
        if isinstance(behaviour, tuple) and len(self.server.requests) <= self.server.failures:
            return self._send(behaviour[0], json.dumps({"error": {"message": behaviour[1]}}))
        if behaviour == "page":
            return self._send(200, "<html>hello</html>", "text/html")
        text = f" Answer to {request['messages'][0]['content'].split()[2]} \n"
        return self._stream(text) if request.get("stream") else self._answer(request, text)

    def _read(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, request, text):
        time.sleep(self.server.delay.pop(0) if self.server.delay else 0)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "1", "object": "chat.completion", "created": 0, "model": request["model"], "choices": [choice]}
        self._send(200, json.dumps(body))

    def _stream(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        for piece in [text[:8], text[8:], None]:
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            self._event({**chunk, "choices": [choice]})
            if self.server.behaviour == "break":
                return self._event({"error": {"message": "the model fell over"}})
            if self.server.behaviour == "stall":
                self.server.released.wait(5)
        self._event({**chunk, "choices": []})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, value):
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())
        self.wfile.flush()

    def _send(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Chat)
    running.daemon_threads = True
    running.requests, running.behaviour, running.failures = [], None, 99
    running.delay, running.released = [], threading.Event()
    running.url = f"http://127.0.0.1:{running.server_address[1]}/v1"
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.released.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def connect(server):
    def build(**options) -> OpenAIGenerator:
        return OpenAIGenerator(GeneratorConfig(model="small", options={"base_url": server.url, "max_retries": 0, **options}))

    return build


def test_the_plugin_is_registered_and_only_generates():
    plugin = registry().get("generator", "openai")
    assert not plugin.trainable
    assert not plugin.scores_likelihood


def test_a_prompt_is_one_user_message(connect, server, question):
    generator = connect()
    prompt = generator.render(question, [Passage("p", "d", "Guide", "Insulin.", 0)], instruction="Only the option.")
    assert generator.generate([prompt], 7) == ["Answer to Insulin."]
    path, _, request = server.requests[0]
    assert path == "/v1/chat/completions"
    text = (
        "Reference:\nGuide\nInsulin.\nQuestion:\nWhich drug lowers the blood sugar?\n"
        "A. Beta blocker\nB. Aspirin\nC. Insulin\nOnly the option.\nCorrect Answer:"
    )
    turns = [{"role": "user", "content": text}]
    assert request == {"model": "small", "messages": turns, "max_tokens": 7, "temperature": 0.0}


def test_answers_come_in_the_order_of_the_questions(connect, server, free_question):
    generator = connect(concurrency=3)
    prompts = [generator.render(free_question, [Passage("p", "d", "", f"Passage {n}.", 0)]) for n in range(5)]
    server.delay = [0.2, 0.0, 0.1]
    assert generator.generate(prompts, 5) == [f"Answer to {n}." for n in range(5)]


def test_a_stream_comes_in_pieces_without_space_around(connect, free_question):
    generator = connect()
    assert list(generator.stream(generator.render(free_question, []), 5)) == ["Answer", " to does"]


def test_the_key_is_sent_from_the_environment_and_shown_nowhere(connect, server, free_question, monkeypatch, caplog):
    monkeypatch.setenv("MY_KEY", KEY)
    generator = connect(api_key_env="MY_KEY")
    with caplog.at_level("DEBUG"):
        generator.generate([generator.render(free_question, [])], 5)
    assert server.requests[0][1]["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    assert KEY not in repr(generator.config)


def test_a_local_server_needs_no_key_but_openai_does(connect, server, free_question):
    generator = connect()
    assert generator.generate([generator.render(free_question, [])], 5)
    remote = OpenAIGenerator(GeneratorConfig(model="small"))
    with pytest.raises(MissingError, match="OPENAI_API_KEY"):
        remote.generate([remote.render(free_question, [])], 5)


def test_the_address_may_come_from_the_environment(server, free_question, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    generator = OpenAIGenerator(GeneratorConfig(model="small"))
    assert generator.generate([generator.render(free_question, [])], 5) == ["Answer to does"]


def test_a_proxy_does_not_stand_before_a_local_server(connect, free_question, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    generator = connect()
    assert generator.generate([generator.render(free_question, [])], 5) == ["Answer to does"]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, MissingError, "refuses the key"),
        (403, MissingError, "refuses the key"),
        (404, MissingError, "knows no model 'small'"),
        (429, MissingError, "too often"),
        (400, InputError, "rejects the request"),
        (500, MissingError, "status 500"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_is_told_in_one_sentence_with_a_hint(connect, server, free_question, status, error, words, streamed):
    server.behaviour = (status, "this is why")
    generator = connect()
    prompt = generator.render(free_question, [])
    with pytest.raises(error, match=words) as told:
        list(generator.stream(prompt, 5)) if streamed else generator.generate([prompt], 5)
    assert told.value.hint
    assert "\n" not in str(told.value)
    assert ("this is why" in str(told.value)) == (status not in (401, 403))


def test_a_failed_request_is_sent_again(connect, server, free_question):
    server.behaviour, server.failures = (500, "busy"), 1
    generator = connect(max_retries=1)
    assert generator.generate([generator.render(free_question, [])], 5) == ["Answer to does"]
    assert len(server.requests) == 2


def test_a_slow_answer_is_told(connect, server, free_question):
    server.behaviour = "slow"
    generator = connect(timeout=0.2)
    with pytest.raises(MissingError, match=r"did not answer within 0\.2 s"):
        generator.generate([generator.render(free_question, [])], 5)


def test_a_stream_that_stalls_or_breaks_is_told(connect, server, free_question):
    prompt = connect().render(free_question, [])
    server.behaviour = "stall"
    with pytest.raises(MissingError, match="did not answer within"):
        list(connect(timeout=0.2).stream(prompt, 5))
    server.behaviour = "break"
    with pytest.raises(MissingError, match="the model fell over"):
        list(connect().stream(prompt, 5))


def test_no_server_is_told(connect, server, free_question):
    generator = OpenAIGenerator(GeneratorConfig(model="m", options={"base_url": "http://127.0.0.1:9/v1", "max_retries": 0}))
    with pytest.raises(MissingError, match="no server answers at http://127"):
        generator.generate([generator.render(free_question, [])], 5)


def test_a_page_that_is_no_chat_server_is_told(connect, server, free_question):
    server.behaviour = "page"
    generator = connect()
    with pytest.raises(MissingError, match="no OpenAI-compatible server"):
        generator.generate([generator.render(free_question, [])], 5)


def test_a_model_must_be_named(free_question, server):
    generator = OpenAIGenerator(GeneratorConfig(options={"base_url": server.url}))
    with pytest.raises(InputError, match="needs a model"):
        generator.generate([generator.render(free_question, [])], 5)


def test_without_the_package_the_extra_is_named(connect, free_question, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    generator = connect()
    with pytest.raises(MissingError) as told:
        generator.generate([generator.render(free_question, [])], 5)
    assert told.value.hint == "pip install 'jmlr[openai]'"


def test_passages_are_cut_by_estimate(connect, free_question):
    generator = connect(max_context=60, max_answer_tokens=10, characters_per_token=4)
    passages = [Passage("1", "d", "", "long " * 100, 0), Passage("2", "d", "", "short", 0)]
    prompt = generator.render(free_question, passages)
    assert 180 <= len(prompt.text) <= 200
    assert "\nshort\nQuestion:" in prompt.text
    assert prompt.cut_tokens > 80
    with pytest.raises(InputError, match="'q2'"):
        connect(max_context=12, max_answer_tokens=10).render(free_question, [])


def test_it_tells_no_likelihoods(connect, free_question):
    generator = connect()
    with pytest.raises(TypeError, match="small"):
        generator.option_scores(generator.render(free_question, []), ["a"])
