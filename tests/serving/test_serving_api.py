"""What clients of the server get: OpenAI's shapes, with citations."""

from __future__ import annotations

import json

import pytest

QUESTION = "What is given first in anaphylaxis?"
TURNS = [
    {"role": "user", "content": QUESTION},
    {"role": "assistant", "content": "Adrenaline. [1]"},
    {"role": "user", "content": "And in children?"},
]


def message(response) -> dict:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]


def events(response) -> list[dict]:
    lines = [line for line in response.text.split("\n\n") if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_the_answer_is_that_of_jmlr_ask(clinic, server):
    asked = clinic.jmlr("ask", QUESTION, "--max-new-tokens", "24", "--json").json
    told = message(server.ask(QUESTION))
    assert told["content"].strip() == asked["answer"]
    assert told["citations"] == asked["citations"]
    assert [hit["passage"] for hit in told["passages"]] == [hit["passage"] for hit in asked["passages"]]
    assert told["query"] == QUESTION


def test_a_stream_says_the_same_and_ends_with_its_passages(server):
    whole, streamed = message(server.ask(QUESTION)), server.ask(QUESTION, stream=True)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    deltas = [event["choices"][0]["delta"] for event in events(streamed)]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["content"]
    assert deltas[-1] == {key: whole[key] for key in ("citations", "passages", "query")}
    assert [event["choices"][0]["finish_reason"] for event in events(streamed)][-2:] == [None, "stop"]


def test_openais_own_client_understands_it(server):
    openai = pytest.importorskip("openai", reason="the extra openai is not installed")
    client = openai.OpenAI(base_url=f"{server.url}v1", api_key="none", http_client=openai.DefaultHttpxClient(trust_env=False))
    (model,) = [each.id for each in client.models.list()]
    asked = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "temperature": 0.7}
    whole = client.chat.completions.create(**asked)
    pieces = list(client.chat.completions.create(stream=True, **asked))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == whole.choices[0].message.content
    assert pieces[-1].choices[0].delta.passages == whole.choices[0].message.passages
    with client.chat.completions.stream(**asked) as stream:
        assert stream.get_final_completion().choices[0].message.content == whole.choices[0].message.content
    with pytest.raises(openai.NotFoundError, match="there are: "):
        client.chat.completions.create(model="other", messages=asked["messages"])


def test_a_follow_up_is_looked_up_with_the_question_before_it(server):
    with server.client() as client:
        told = message(client.post("/v1/chat/completions", json={"messages": TURNS}))
    assert told["query"] == f"{QUESTION}\nAnd in children?"


def test_the_passages_that_are_read_and_the_length_can_be_chosen(server):
    long, short = message(server.ask(QUESTION, k=4)), message(server.ask(QUESTION, k=1, max_tokens=1))
    assert (len(long["passages"]), len(short["passages"])) == (4, 1)
    assert len(short["content"]) < len(long["content"])


def test_content_may_come_in_parts(server):
    parts = [{"type": "text", "text": "What is given first"}, {"type": "text", "text": "in anaphylaxis?"}]
    with server.client() as client:
        told = message(client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": parts}]}))
    assert told["query"] == "What is given first\nin anaphylaxis?"


def test_search_gives_what_jmlr_search_gives(clinic, server):
    with server.client() as client:
        found = client.post("/search", json={"query": QUESTION, "k": 3}).json()
    run = clinic.trained["run"]
    assert found["schema"] == "jmlr.search/1"
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3]
    asked = clinic.jmlr("ask", QUESTION, "-k", "3", "--run", run, "--max-new-tokens", "1", "--json").json
    assert found["hits"] == asked["passages"]


def test_explain_tells_which_tokens_matched(server):
    with server.client() as client:
        (hit,) = client.post("/search", json={"query": QUESTION, "k": 1}).json()["hits"]
        told = client.post("/explain", json={"query": QUESTION, "passage": hit["passage"]}).json()
        missing = client.post("/explain", json={"query": QUESTION, "passage": "0" * 16})
    assert told["schema"] == "jmlr.explain/1"
    assert told["text"] == f"{hit['title']}\n{hit['text']}"
    assert sum(match["similarity"] for match in told["matches"]) == pytest.approx(hit["score"], abs=0.02)
    assert missing.status_code == 404


def test_health_and_metrics(server):
    server.ask(QUESTION)
    with server.client() as client:
        assert client.get("/health").json()["status"] == "ok"
        metrics = client.get("/metrics").text
    assert 'jmlr_requests_total{path="/v1/chat/completions",status="200"}' in metrics
    assert "jmlr_queue_waiting 0.0" in metrics
    assert "anaphylaxis" not in metrics


WRONG = [
    ("{", "JSON"),
    ("[]", "dictionary"),
    ("{}", "messages"),
    ('{"messages": []}', "messages"),
    ('{"messages": "secret-words"}', "messages"),
    ('{"messages": [{"role": "tool", "content": "secret-words"}]}', "role"),
    ('{"messages": [{"role": "user", "content": " "}]}', "empty"),
    ('{"messages": [{"role": "user", "content": "\\ud800"}]}', "content"),
    ('{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', "text"),
    ('{"messages": [{"role": "assistant", "content": "secret-words"}, {"role": "user", "content": "a"}]}', "begin"),
    ('{"messages": [{"role": "user", "content": "secret-words"}, {"role": "assistant", "content": "a"}]}', "end"),
    ('{"messages": [{"role": "user", "content": "a"}], "n": 2}', "n"),
    ('{"messages": [{"role": "user", "content": "a"}], "k": 0}', "k"),
    ('{"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function"}]}', "tools"),
    ('{"messages": [{"role": "user", "content": "a"}], "stop": ["x"]}', "stop"),
    (json.dumps({"messages": [{"role": "user", "content": "secret-words " * 1400}]}), "context"),
]


@pytest.mark.parametrize(("body", "word"), WRONG, ids=[body[:60] for body, _ in WRONG])
def test_a_wrong_body_gets_one_sentence_that_does_not_repeat_it(server, body, word):
    with server.client() as client:
        answer = client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert word in error["message"]
    assert "secret-words" not in answer.text
    assert "\n" not in error["message"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/search", 405), ("PUT", "/", 405)])
def test_other_paths_and_methods_are_refused_in_the_same_shape(server, method, path, status):
    with server.client() as client:
        answer = client.request(method, path)
    assert (answer.status_code, set(answer.json()["error"])) == (status, {"message", "type", "param", "code"})
