"""The command in this process, which spares most tests a start of Python and of torch."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from jmlr_cli.main import main
from tests.forks import Result


@pytest.fixture(scope="session")
def run_here() -> Callable[..., Result]:
    """Runs the command in a folder: ``run_here(folder, "search", "fever")``."""

    def run(folder: Path, *arguments: str) -> Result:
        out, err = io.StringIO(), io.StringIO()
        environment = mock.patch.dict(os.environ)  # --offline writes to it
        line = mock.patch.object(sys, "argv", ["jmlr", *arguments])
        with environment, line, chdir(folder), redirect_stdout(out), redirect_stderr(err):
            os.environ.pop("JMLR_HOME", None)
            with pytest.raises(SystemExit) as ended:
                main()
        return Result(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run
