"""What only `make test-thorough` runs."""

from __future__ import annotations

import os
from typing import Any

import pytest

THOROUGH = bool(os.environ.get("JMLR_THOROUGH"))
"""Set by `make test-thorough`: hundreds of kills, minutes of load, large files."""


def thoroughly(*values: object) -> Any:
    """Values of a parametrized test that only `make test-thorough` runs."""
    return pytest.param(*values, marks=pytest.mark.skipif(not THOROUGH, reason="one of many: make test-thorough runs it"))
