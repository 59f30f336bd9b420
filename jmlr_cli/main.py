"""The command line. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from jmlr_cli import console, interrupt
from jmlr_cli.commands import (
    ask,
    audit,
    chat,
    compare,
    data,
    demo,
    doctor,
    index,
    models,
    plugins,
    recipes,
    report,
    runs,
    search,
    serve,
    train,
)
from jmlr_cli.commands import eval as evaluate
from jmlr_cli.commands.from_plugins import Commands
from jmlr_cli.errors import JmlrError
from jmlr_cli.files import is_full_disk
from jmlr_cli.offline import go_offline, is_offline

# what a library sees when it is imported: silence, unless asked for
QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_VERBOSITY": "error",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}

INTERRUPTED = 130
GOING_ON = {
    "train": " Go on with the run: jmlr train --resume",
    "compare": " The same command goes on with it.",
    "eval": " The same command goes on with it (without --again).",
}
"""What a command says when it is interrupted, beside that nothing is lost."""

UsageError: Any = typer.BadParameter.__base__
"""The base of typer's own complaints, wherever its release keeps it."""

app = typer.Typer(
    name="jmlr",
    cls=Commands,
    help="Train a medical language model and its retriever jointly, ask with citations, measure.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
ASKING = (ask, chat, search, serve)
MEASURING = (evaluate, compare, report, audit)
KEEPING = (data, demo, runs, recipes, models, plugins, doctor)
for command in (index, train, *ASKING, *MEASURING, *KEEPING):
    command.add_to(app)


@app.callback(invoke_without_command=True)
def options(
    version: bool = typer.Option(False, "--version", help="Show the version and exit.", is_eager=True),
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks."),
    offline: bool = typer.Option(False, "--offline", help="Use no network: what is not here yet is missing."),
) -> None:
    if version:
        from jmlr_cli import __version__

        typer.echo(f"jmlr {__version__}")
        raise typer.Exit


def main() -> None:
    """The entry point: run a command, and turn every error into one sentence and an exit code."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    console.show_warnings()
    interrupt.listen()
    arguments = sys.argv[1:]
    # --debug and --offline are welcome anywhere on the line
    debug = "--debug" in arguments
    if "--offline" in arguments or is_offline():
        go_offline()
    as_json = "--json" in arguments
    try:
        code = app(args=[a for a in arguments if a not in ("--debug", "--offline")], standalone_mode=False)
        if code == INTERRUPTED:  # typer makes an exit code of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code or 0)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, Exception) as error:
        if isinstance(error, typer.Abort | KeyboardInterrupt) or interrupt.asked():
            going_on = GOING_ON.get(next(iter(arguments), ""), "")
            _report("interrupted", f"What was finished is kept.{going_on}", INTERRUPTED, as_json)
        if debug and not isinstance(error, UsageError):
            raise
        _report(*_told(error), as_json)


def _told(error: BaseException) -> tuple[str, str, int]:
    """Message, hint and exit code of an error."""
    if isinstance(error, JmlrError):
        return str(error), error.hint, error.exit_code
    if isinstance(error, UsageError):
        return error.format_message(), "jmlr --help lists the commands; jmlr COMMAND --help their options.", 2
    return _unforeseen(error)


def _unforeseen(error: BaseException) -> tuple[str, str, int]:
    """The same of an error that no room foresaw."""
    kind = type(error).__name__
    if kind == "OutOfMemoryError" or isinstance(error, MemoryError):
        return "out of memory", "Lower training.batch_size, candidates.sample or generator.context, or use a smaller model.", 4
    if is_full_disk(error):
        return f"no space is left on the disk ({error})", "Free some space and try again; what was finished is kept.", 3
    if getattr(error, "sqlite_errorname", None) == "SQLITE_CANTOPEN":
        return f"a file of the index cannot be opened ({error})", "Check the disk, the permissions and the path.", 3
    if isinstance(error, OSError):
        return f"{error.strerror or kind}: {error.filename or 'a file'}", "Check the disk, the permissions and the path.", 3
    return f"{kind}: {error}", "This is a defect of jmlr; run again with --debug for the traceback.", 1


def _report(message: str, hint: str, code: int, as_json: bool) -> None:
    if as_json:
        console.emit({"schema": "jmlr.error/1", "status": "error", "code": code, "message": message, "hint": hint})
    else:
        console.complain(message, hint)
    sys.exit(code)
