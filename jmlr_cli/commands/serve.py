"""`jmlr serve`: answers over HTTP, and the web page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from jmlr_cli.commands.options import IndexName, RecipeName, RunName, Set
from jmlr_cli.commands.where import Where, given

if TYPE_CHECKING:
    from jmlr_cli.contracts.filters import Condition
    from jmlr_cli.serving.work import Served

NEEDED = ("fastapi", "uvicorn", "prometheus_client")


def serve(
    run: RunName = None,
    recipe: RecipeName = None,
    index: IndexName = None,
    compare: Annotated[
        str | None,
        typer.Option("--compare", metavar="NAME", help="A second run (or recipe), whose answers the page shows side by side."),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at. Beyond this machine a token is needed.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8080,
    token_env: Annotated[
        str | None,
        typer.Option(metavar="VAR", help="Environment variable with the token that clients must show."),
    ] = None,
    queue: Annotated[int, typer.Option(min=0, help="How many requests may wait; those beyond are told to come back.")] = 16,
    seconds: Annotated[float, typer.Option(min=1, help="Longest time for a request, waiting included.")] = 300,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 200,
    where: Where = None,
    overrides: Set = None,
) -> None:
    """Answer over HTTP: a web page, and an OpenAI-compatible API with citations."""
    _check_installed()
    from jmlr_cli import console
    from jmlr_cli.serving.app import Limits, Service
    from jmlr_cli.serving.listening import LOOPBACK_NAMES, is_loopback, listening, token_for, url_of
    from jmlr_cli.serving.server import run_server

    local = is_loopback(host)
    token = token_for(token_env, local)
    with listening(host, port) as socket:
        served = _loaded(run, recipe, index, compare, overrides or [], given(where))
        service = Service(served, Limits(queue, seconds, max_new_tokens))
        url = url_of(host, socket.getsockname()[1], token if token_env is None else None)
        console.err().print(f"serving {', '.join(service.served)} at {url}", soft_wrap=True, markup=False)
        run_server(service, socket, token, LOOPBACK_NAMES | {host} if local else None)
    console.notice("stopped")


def _loaded(
    run: str | None,
    recipe: str | None,
    index: str | None,
    compare: str | None,
    overrides: Sequence[str],
    where: Sequence[Condition],
) -> list[Served]:
    """The systems to serve: one, or two to compare."""
    from jmlr_cli import console
    from jmlr_cli.errors import UsageError
    from jmlr_cli.serving.opening import opened, other

    console.notice("loading the models")
    first = opened(run, recipe, index, overrides, where)
    if compare is None:
        return [first]
    second = other(compare, index, overrides, where)
    if first.name == second.name:
        raise UsageError(f"--compare names {first.name!r}, which is served already", "Name another run or recipe.")
    return [first, second]


def _check_installed() -> None:
    from importlib.util import find_spec

    from jmlr_cli.errors import MissingError

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingError(f"`jmlr serve` needs the package {missing[0].replace('_', '-')}", "pip install 'jmlr[serve]'")


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(serve)
