"""The way to a qdrant server, and what goes wrong on it, in one sentence each."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jmlr_cli.errors import DamagedError, InputError, JmlrError, MissingError
from jmlr_cli.offline import check_online

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the server is, the variable that holds its key, the patience in seconds. ``url`` of None is the client's own
    engine in this process's memory."""

    url: str | None
    api_key_env: str
    timeout: int

    def connect(self) -> QdrantClient:
        """The client. Raises :class:`MissingError` without the package, and where the network is not to be used."""
        if self.url is not None:
            check_online(f"the qdrant server at {self.url}")
        try:
            from qdrant_client import QdrantClient
        except ImportError as error:
            raise MissingError("the qdrant retriever needs the package qdrant-client", "pip install 'jmlr[qdrant]'") from error
        if self.url is None:
            return QdrantClient(":memory:")
        # A proxy set for the outside world cannot reach a server on this machine.
        local = urlsplit(self.url).hostname in LOOPBACK
        with warnings.catch_warnings(action="ignore") if local else nullcontext():  # of a key sent in the clear
            return QdrantClient(
                url=self.url, api_key=os.environ.get(self.api_key_env) or None, timeout=self.timeout,
                check_compatibility=False, trust_env=not local,
            )  # fmt: skip

    @contextmanager
    def told(self, collection: str) -> Iterator[None]:
        """Tell the client's errors: a lack as :class:`MissingError`, a lost ``collection`` as :class:`DamagedError`, a request
        that the server rejects as :class:`InputError`."""
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        try:
            yield
        except UnexpectedResponse as error:
            raise self._refused(error.status_code or 0, _said(error), collection) from error
        except ResponseHandlingException as error:
            raise self._unanswered(error.source) from error
        except Exception as error:
            if not type(error).__module__.startswith("qdrant_client"):
                raise
            raise MissingError(f"the qdrant server at {self.url} is asked too much: {error}", "Try again later.") from error

    def _unanswered(self, reason: Exception) -> MissingError:
        if "Timeout" in type(reason).__name__:
            hint = "Raise retriever.options.timeout."
            return MissingError(f"the qdrant server at {self.url} did not answer within {self.timeout} s", hint)
        if type(reason).__module__.startswith("httpx"):
            hint = "Start it, or correct retriever.options.url; its port is 6333 unless the address names another."
            return MissingError(f"no qdrant server answers at {self.url}", hint)
        return MissingError(f"what answers at {self.url} is no qdrant server", "Correct retriever.options.url.")

    def _refused(self, status: int, said: str, collection: str) -> JmlrError:
        if status in (401, 403):
            hint = f"Put a valid key in the environment variable {self.api_key_env}."
            return MissingError(f"the qdrant server at {self.url} refuses the key", hint)
        if status == 404:
            return DamagedError(
                f"the collection {collection!r} is not on the qdrant server at {self.url}",
                "Correct retriever.options.url, restore the collection, or build the index anew under another --name.",
            )
        if 400 <= status < 500:
            hint = "The qdrant server's log may tell more."
            return InputError(f"the qdrant server at {self.url} rejects the request: {said}", hint)
        return MissingError(f"the qdrant server at {self.url} failed with status {status}: {said}", "Try again later.")


def _said(error: Any) -> str:
    """The server's own words, on one line, cut to a sentence's length."""
    try:
        words = str(error.structured()["status"]["error"])
    except (ValueError, KeyError, TypeError):
        words = error.content.decode(errors="replace")
    return " ".join(words.split())[:200] or error.reason_phrase
