"""What goes wrong between here and an OpenAI-compatible server, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jmlr_cli.errors import InputError, JmlrError, MissingError


@dataclass(frozen=True, slots=True)
class Server:
    """Who was asked: the address, the model, the variable that holds the key, the patience in seconds."""

    url: str
    model: str
    api_key_env: str
    timeout: float


@contextmanager
def errors_told(server: Server) -> Iterator[None]:
    """Tell the client's errors as :class:`MissingError`, or :class:`InputError` where the request is at fault."""
    import openai

    try:
        yield
    except openai.APITimeoutError as error:
        raise _too_slow(server) from error
    except openai.APIConnectionError as error:
        raise MissingError(f"no server answers at {server.url}", "Start it, or correct generator.options.base_url.") from error
    except openai.APIStatusError as error:
        raise _refused(server, error.status_code, _said(error)) from error
    except openai.OpenAIError as error:
        raise MissingError(f"the server at {server.url} failed: {error}", "Try again.") from error
    except Exception as error:
        # While a stream is read, the HTTP library's own errors come through.
        if not type(error).__module__.startswith("httpx"):
            raise
        slow = "Timeout" in type(error).__name__
        raise _too_slow(server) if slow else MissingError(f"the answer from {server.url} broke off", "Try again.") from error


def _too_slow(server: Server) -> MissingError:
    hint = "Raise generator.options.timeout, or ask a faster model."
    return MissingError(f"{server.model} at {server.url} did not answer within {server.timeout:g} s", hint)


def _refused(server: Server, status: int, said: str) -> JmlrError:
    if status in (401, 403):
        return MissingError(f"the server at {server.url} refuses the key", f"Put a valid key in {server.api_key_env}.")
    if status == 404:
        return MissingError(
            f"the server at {server.url} knows no model {server.model!r}, or has no chat there: {said}",
            "Correct generator.model or generator.options.base_url.",
        )
    if status == 429:
        return MissingError(f"the server at {server.url} is asked too often: {said}", "Lower generator.options.concurrency.")
    if status in (400, 413, 422):
        return InputError(f"the server at {server.url} rejects the request: {said}", "Lower generator.options.max_context.")
    return MissingError(f"the server at {server.url} failed with status {status}: {said}", "Try again later.")


def _said(error: Exception) -> str:
    """The server's own words, on one line, cut to a sentence's length."""
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    return " ".join(str(message or error).split())[:200]
