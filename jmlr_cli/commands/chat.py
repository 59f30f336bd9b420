"""`jmlr chat`: a conversation in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, cast

import typer

from jmlr_cli.commands.options import IndexName, RecipeName, RunName, Set
from jmlr_cli.commands.where import Where, given

if TYPE_CHECKING:
    from io import TextIOWrapper

    from jmlr_cli.answering.dialogue import Dialogue

HELP = """\
/sources  the passages of the last answer, whole
/new      begin a new conversation
/help     this list
/quit     leave (so does Ctrl-D; Ctrl-C stops an answer)"""


def chat(
    run: RunName = None,
    recipe: RecipeName = None,
    index: IndexName = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="How many passages to read; by default the recipe's candidates.read.")
    ] = None,
    where: Where = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 200,
    overrides: Set = None,
) -> None:
    """Hold a conversation: each answer with citations, each question in the light of those before it.

    Reads questions from the terminal, or one a line from a pipe.
    """
    from jmlr_cli import console
    from jmlr_cli.answering.dialogue import Dialogue
    from jmlr_cli.answering.system import open_system

    system = open_system(run, recipe, index, overrides or [], given(where))
    console.notice(f"loading {system.name}")
    system.load()
    dialogue = Dialogue(system, k or system.recipe.candidates.read or 1, max_new_tokens)
    if sys.stdin.isatty():
        console.notice("Ask; /help lists the commands.")
        _at_terminal(dialogue)
    else:
        cast("TextIOWrapper", sys.stdin).reconfigure(errors="replace")
        for line in sys.stdin:
            if not _obey(line.strip(), dialogue):
                return


def _at_terminal(dialogue: Dialogue) -> None:
    """Answer until the person leaves. A mistake, and Ctrl-C, end an answer, not the conversation."""
    from jmlr_cli import console, interrupt
    from jmlr_cli.errors import JmlrError

    for line in _lines():
        try:
            if not _obey(line, dialogue):
                return
        except KeyboardInterrupt:
            interrupt.obeyed()
            console.notice("\nstopped")
        except JmlrError as error:
            console.complain(str(error), error.hint)


def _lines() -> Iterator[str]:
    """What the person types, line by line, with the editing keys of readline where Python has it."""
    import contextlib

    from jmlr_cli import console, interrupt

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - input() uses it
    while True:
        try:
            yield input("> ").strip()
        except KeyboardInterrupt:
            interrupt.obeyed()
            console.notice("\n/quit or Ctrl-D leaves")
        except EOFError:
            console.err().print()
            return


def _obey(line: str, dialogue: Dialogue) -> bool:
    """Answer a question or follow a command; False when it was to leave."""
    from jmlr_cli import console

    if line.startswith("/"):
        if line == "/quit":
            return False
        if line == "/new":
            dialogue.begin_anew()
            console.notice("a new conversation")
        elif line == "/sources":
            _show_sources(dialogue)
        else:
            console.notice(HELP if line == "/help" else f"there is no such command\n{HELP}")
    elif line:
        _answer(line, dialogue)
    return True


def _answer(question: str, dialogue: Dialogue) -> None:
    from jmlr_cli import console
    from jmlr_cli.commands.show import show_answer, show_cited

    pieces = dialogue.ask(question)
    if dialogue.forgotten:
        console.notice(f"the model has room for the last {dialogue.remembered} turns; those before are forgotten")
    show_answer(pieces)
    show_cited(dialogue.hits, dialogue.cited)
    console.out().print()


def _show_sources(dialogue: Dialogue) -> None:
    from jmlr_cli import console
    from jmlr_cli.commands.show import show_hits

    if dialogue.hits:
        show_hits(dialogue.hits, dialogue.cited, whole=True)
    else:
        console.notice("nothing has been asked yet")


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(chat)
