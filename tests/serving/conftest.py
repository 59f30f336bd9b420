"""The server that most tests ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")


@pytest.fixture(scope="session")
def server(serve: Any) -> Iterator[Any]:
    """One server for the tests that only ask it."""
    with serve("--max-new-tokens", "24") as one:
        yield one
