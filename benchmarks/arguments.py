"""What the benchmarks' command lines have in common."""

from __future__ import annotations

import argparse
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


def sentences(error: JmlrError) -> str:
    """What is wrong, and what to do next."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}. {error.hint}".strip()
