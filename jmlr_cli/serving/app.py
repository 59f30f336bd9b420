"""The application: which path does what."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from jmlr_cli import __version__
from jmlr_cli.answering.hits import hit_json
from jmlr_cli.serving.completions import Completion
from jmlr_cli.serving.errors import Refusal, refusal, wrong_body
from jmlr_cli.serving.following import follow
from jmlr_cli.serving.guard import Guard
from jmlr_cli.serving.metrics import Metrics
from jmlr_cli.serving.page import add_page
from jmlr_cli.serving.schemas import ChatRequest, ExplainRequest, SearchRequest
from jmlr_cli.serving.work import Asked, Served, answer, explain, search
from jmlr_cli.serving.worker import Work, Worker

Item = TypeVar("Item")


@dataclass(frozen=True)
class Limits:
    """``waiting`` requests at most wait for the models, each takes at most ``seconds``, its answer ``max_new_tokens``."""

    waiting: int
    seconds: float
    max_new_tokens: int


class Service:
    """The systems that answer, and the one worker that runs them."""

    def __init__(self, served: Sequence[Served], limits: Limits) -> None:
        self.served = {each.name: each for each in served}
        self.limits = limits
        self.metrics = Metrics()
        self.worker = Worker(limits.waiting, self.metrics.timing)
        self.metrics.watch(self.worker)

    def named(self, model: str | None) -> Served:
        """The system that a request names; by default the first."""
        name = model or next(iter(self.served))
        if name not in self.served:
            raise Refusal(404, "invalid_request_error", f"there are: {', '.join(self.served)}", "model_not_found")
        return self.served[name]

    def started(self, work: Work[Item], request: Request) -> AsyncGenerator[Item | None, None]:
        """What a piece of work yields, once its turn comes. Raises :class:`FullError` at once."""
        return follow(self.worker, self.worker.submit(work), request.receive, self.limits.seconds)

    async def only(self, work: Work[Item], request: Request) -> Item:
        """The one thing that a piece of work yields."""
        async with aclosing(self.started(work, request)) as items:
            async for item in items:
                if item is not None:
                    return item
        raise AssertionError("the work yielded nothing")


def make_app(service: Service, token: str | None = None, hosts: frozenset[str] | None = None) -> Guard:
    """The application that serves ``service``. ``token`` and ``hosts`` are for :class:`Guard`."""
    app = FastAPI(title="jmlr", version=__version__, docs_url=None, redoc_url=None)
    _tell_errors(app)
    _add_answers(app, service)
    _add_passages(app, service)
    _add_state(app, service)
    add_page(app)
    return Guard(app, service.metrics, token, hosts)


def _add_answers(app: FastAPI, service: Service) -> None:
    @app.post("/v1/chat/completions")
    async def chat(body: ChatRequest, request: Request) -> Response:
        served = service.named(body.model)
        if body.unsupported:
            raise Refusal(400, "invalid_request_error", f"{body.unsupported} is not supported here", "unsupported_parameter")
        question, history = body.turns
        longest = body.max_completion_tokens or body.max_tokens or service.limits.max_new_tokens
        asked = Asked(question, history, body.instruction, body.k, min(longest, service.limits.max_new_tokens))
        items = service.started(lambda: answer(served.system, asked), request)
        completion = Completion(served.name)
        if body.stream:
            return StreamingResponse(completion.events(items), media_type="text/event-stream")
        async with aclosing(items):
            return JSONResponse(await completion.whole(items))

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "jmlr"} for name in service.served]
        return {"object": "list", "data": listed}


def _add_passages(app: FastAPI, service: Service) -> None:
    @app.post("/search")
    async def found(body: SearchRequest, request: Request) -> dict[str, Any]:
        system = service.named(body.model).system
        hits = await service.only(lambda: search(system, body.query, body.k), request)
        return {"schema": "jmlr.search/1", "hits": [hit_json(hit) for hit in hits]}

    @app.post("/explain")
    async def explained(body: ExplainRequest, request: Request) -> dict[str, Any]:
        system = service.named(body.model).system
        result = await service.only(lambda: explain(system, body.query, body.passage), request)
        matches = None
        if result.matches is not None:
            matches = [
                {"query": match.query, "passage": match.passage, "similarity": round(match.similarity, 4)}
                for match in result.matches
            ]
        return {"schema": "jmlr.explain/1", "query": body.query, "text": result.passage.content, "matches": matches}


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "version": __version__}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


def _tell_errors(app: FastAPI) -> None:
    @app.exception_handler(RequestValidationError)
    async def validation(_: Request, error: RequestValidationError) -> Response:
        return _response(wrong_body(error.errors()))

    @app.exception_handler(Exception)
    async def other(_: Request, error: Exception) -> Response:
        return _response(refusal(error))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:
        return _response(Refusal(error.status_code, "invalid_request_error", str(error.detail).lower()))


def _response(answer: Refusal) -> Response:
    return JSONResponse(answer.body, answer.status, dict(answer.headers))
