"""What the benchmarks' command lines have in common."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from jmlr_cli.errors import JmlrError, UsageError


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(UsageError.exit_code, f"{message[:1].upper()}{message[1:]}; see --help.\n")


def natural(text: str) -> int:
    """A whole number from 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1."""
    if not natural(text):
        raise argparse.ArgumentTypeError("it must be at least 1")
    return int(text)


def add_evaluations(parser: argparse.ArgumentParser) -> None:
    """A baseline's evaluation, those of another system's seeds, and how they are shown."""
    parser.add_argument("baseline", help="the evaluation of the baseline, by its name")
    parser.add_argument("evaluations", nargs="+", metavar="EVALUATION", help="the other system's evaluations, one a seed")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def told(work: Callable[[], int]) -> int:
    """The exit code of ``work``. What it cannot do is told in one sentence, with what to do next."""
    try:
        return work()
    except JmlrError as error:
        text = str(error)
        sys.stderr.write(f"{text[:1].upper()}{text[1:]}. {error.hint}".strip() + "\n")
        return error.exit_code


def in_scratch(work: Callable[[Path], int]) -> int:
    """The exit code of ``work``, done in a folder that is removed afterwards; as :func:`told`."""
    with tempfile.TemporaryDirectory() as folder:
        return told(lambda: work(Path(folder)))
