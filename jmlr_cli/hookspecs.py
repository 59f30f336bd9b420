"""The hooks by which a plugin adds to jmlr.

A plugin is any installed package with an entry point in the group ``jmlr``. A module with hooks:

    from jmlr_cli.hookspecs import hookimpl

    @hookimpl
    def jmlr_retrievers(register):
        register("my-retriever", "my_package.retriever:MyRetriever", "What it is, in one line")

Each hook receives ``register(name, target, summary)``. ``target`` is a class, or better the text
``"module:Class"``, which is imported only when somebody uses it. A target of :func:`jmlr_commands` is a typer app
or a function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pluggy

hookspec = pluggy.HookspecMarker("jmlr")
hookimpl = pluggy.HookimplMarker("jmlr")


class Register(Protocol):
    """Adds one thing under a name."""

    def __call__(self, name: str, target: str | Callable[..., Any], summary: str = "") -> None: ...


@hookspec
def jmlr_retrievers(register: Register) -> None:
    """Add retrievers: subclasses of :class:`jmlr_cli.contracts.retriever.Retriever`."""


@hookspec
def jmlr_generators(register: Register) -> None:
    """Add generators: subclasses of :class:`jmlr_cli.contracts.generator.Generator`."""


@hookspec
def jmlr_objectives(register: Register) -> None:
    """Add retriever objectives: subclasses of :class:`jmlr_cli.contracts.objective.Objective`."""


@hookspec
def jmlr_tasks(register: Register) -> None:
    """Add question sets: subclasses of :class:`jmlr_cli.contracts.task.Task`."""


@hookspec
def jmlr_readers(register: Register) -> None:
    """Add document readers: subclasses of :class:`jmlr_cli.contracts.reader.Reader`."""


@hookspec
def jmlr_commands(register: Register) -> None:
    """Add subcommands: ``jmlr NAME``. The target is a ``typer.Typer`` or a function that typer makes a command of."""
