"""`jmlr train`: both models learn together."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jmlr_cli.commands.options import Json, Set

if TYPE_CHECKING:
    from jmlr_cli.recipe.schema import Recipe
    from jmlr_cli.training.session import Summary


def train(
    recipe: Annotated[
        str | None, typer.Option("--recipe", metavar="RECIPE", help="A recipe's name or file (see `jmlr recipes`).")
    ] = None,
    index: Annotated[str | None, typer.Option("--index", metavar="NAME", help="The index that proposes candidates.")] = None,
    devices: Annotated[
        int | None, typer.Option("--devices", metavar="N", min=1, help="Train with N processes, one a device.")
    ] = None,
    overrides: Set = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with RUN, or with the newest run.")] = False,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="With --resume: the run to go on with.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would cost, and stop.")] = False,
    json: Json = False,
) -> None:
    """Train a language model and its retriever jointly."""
    from jmlr_cli.commands.train_runs import resumed, trained
    from jmlr_cli.errors import UsageError

    if resume and (recipe or overrides or index or devices):
        raise UsageError("a resumed run keeps its own recipe", "Leave --recipe, --index, --devices and --set out.")
    if run and not resume:
        raise UsageError(f"unexpected argument {run!r}", "A recipe is named with --recipe; a run to go on with, by --resume RUN.")
    if resume:
        _show(resumed(run or "latest"), json)
        return
    loaded = _recipe(recipe, index, [*(overrides or []), *([f"training.devices={devices}"] if devices else [])])
    if dry_run:
        _show_plan(recipe or _default(), loaded, json)
        return
    _show(trained(loaded, recipe or _default()), json)


def _recipe(name: str | None, index: str | None, overrides: list[str]) -> Recipe:
    from jmlr_cli.recipe.load import load_recipe

    return load_recipe(name or _default(), [*overrides, *([f"data.index={index}"] if index else [])])


def _default() -> str:
    from jmlr_cli.answering.system import DEFAULT_RECIPE

    return DEFAULT_RECIPE


def _show(summary: Summary, json: bool) -> None:
    from jmlr_cli import console
    from jmlr_cli.launch import is_first

    if not is_first():
        return
    losses = {key: getattr(summary, key) for key in ("loss", "lm_loss", "rank_loss", "rank_agreement")}
    if json:
        console.emit(
            {
                "schema": "jmlr.train/1",
                "run": summary.run.name,
                "steps": summary.steps,
                **losses,
                "seconds": round(summary.seconds, 2),
            }
        )
        return
    shown = ", ".join(f"{key.replace('_', ' ')} {value:.3f}" for key, value in losses.items() if value is not None)
    console.out().print(
        f"[bold green]trained[/bold green] {summary.run.name}: {summary.steps} steps in {summary.seconds:.0f} s; {shown}",
        soft_wrap=True,
    )
    console.out().print(
        f'next: [bold]jmlr ask "…"[/bold]   or   [bold]jmlr eval FILE --run {summary.run.name}[/bold]', soft_wrap=True
    )


def _show_plan(name: str, recipe: Recipe, json: bool) -> None:
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.training.needs import found_here, lacking
    from jmlr_cli.training.plan import make_plan

    plan = make_plan(recipe)
    missing = lacking(recipe.needs)
    if json:
        console.emit({"schema": "jmlr.plan/1", "recipe": name, **asdict(plan), "found": found_here(), "missing": missing})
        return
    units = {"memory": "GiB (estimate)", "a100_hours": "hours on one A100 at 40 % of its bfloat16 peak (estimate)"}
    rows = [
        (key.replace("_", " "), "unknown here" if value is None else f"{value:,} {units.get(key, '')}".strip())
        for key, value in asdict(plan).items()
    ]
    print_table(f"plan of {name}", ("", ""), rows)
    console.out().print(
        f"[yellow]this machine lacks[/yellow] {'; '.join(missing)}"
        if missing
        else "[green]this machine has what it needs[/green]"
    )


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(train)
