"""The one family of errors a user can cause, each with its exit code and a hint."""

from __future__ import annotations


class JmlrError(Exception):
    """A mistake or a lack that the user can mend.

    ``str(error)`` is one sentence saying what is wrong and where; ``hint`` says what to do next;
    ``exit_code`` is the process's exit status.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(JmlrError):
    """The command line itself is wrong."""

    exit_code = 2


class InputError(JmlrError):
    """A document, question file, recipe or path is wrong."""

    exit_code = 3


class MissingError(JmlrError):
    """Something needed is not there: a model, an extra, memory, a device."""

    exit_code = 4


class DamagedError(JmlrError):
    """An index or a run on disk is incomplete or does not match its checksums."""

    exit_code = 5
