"""Every generator that comes with jmlr does what `jmlr_cli.testing` asks of anybody's."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from threading import Thread

import pytest

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.testing import GeneratorSuite, TrainableGeneratorSuite
from jmlr_plugins.generators.causal_lm import CausalLMGenerator
from jmlr_plugins.generators.llama2 import Llama2Generator
from jmlr_plugins.generators.meditron import MeditronGenerator
from jmlr_plugins.generators.openai import OpenAIGenerator


class OfTinyModel(TrainableGeneratorSuite):
    """A generator over one of the tiny models, whose tokenizer tells what becomes a special token."""

    folder: str

    @pytest.fixture
    def create(self, request, make):
        folder = request.getfixturevalue(self.folder)

        def build(model=folder, lora=None, **more):
            adapters = {"lora": lora.model_dump()} if lora else {}
            return make(model, self.plugin, **{**self.settings, **more, **adapters})

        return build

    def special_tokens(self, generator, prompt):
        ids = generator.encoder.prompt_ids(prompt) + generator.encoder.answer_ids(prompt, prompt.answer)
        known = generator.tokenizer
        return [known.convert_ids_to_tokens(each) for each in ids if each in known.added_tokens_decoder]


class TestCausalLM(OfTinyModel):
    plugin, folder = CausalLMGenerator, "plain_folder"


class TestCausalLMThatChats(OfTinyModel):
    plugin, folder = CausalLMGenerator, "chat_folder"


class TestLlama2(OfTinyModel):
    plugin, folder = Llama2Generator, "sentencepiece_folder"
    short_context = 300


class TestMeditron(OfTinyModel):
    plugin, folder = MeditronGenerator, "chat_folder"
    short_context = 240


class Echo(BaseHTTPRequestHandler):
    """Answers with the last words of the question that it is asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = " ".join(request["messages"][0]["content"].split()[-3:])
        choice = {"index": 0, "finish_reason": "stop"}
        if request.get("stream"):
            chunks = [{"choices": [{**choice, "delta": {"content": piece}}]} for piece in (answer[:5], answer[5:])]
            body = "".join(f"data: {dumps({'id': '1', 'object': 'chat.completion.chunk', **chunk})}\n\n" for chunk in chunks)
            self._send(f"{body}data: [DONE]\n\n", "text/event-stream")
        else:
            message = {"role": "assistant", "content": answer}
            self._send(dumps({"id": "1", "object": "chat.completion", "choices": [{**choice, "message": message}]}))

    def _send(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class TestOpenAI(GeneratorSuite):
    plugin = OpenAIGenerator

    @pytest.fixture
    def create(self):
        pytest.importorskip("openai")
        server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        options = {"base_url": f"http://127.0.0.1:{server.server_address[1]}/v1", "max_answer_tokens": 20}
        yield lambda **more: OpenAIGenerator(GeneratorConfig(model="echo", options=options, **more))
        server.shutdown()
        server.server_close()
