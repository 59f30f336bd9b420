"""`jmlr runs`: the training runs of this workspace, and one of them whole."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jmlr_cli.commands.options import Json

COLUMNS = {
    "step": "step", "loss": "loss", "lm_loss": "LM loss", "rank_loss": "rank loss", "rank_agreement": "agreement",
    "staleness": "stale", "cut_tokens": "cut", "tokens_per_second": "tokens/s", "device_hours": "hours",
    "dev_lm_loss": "dev LM", "dev_rank_agreement": "dev agr.", "dev_recall@1": "dev R@1",
}  # fmt: skip
ROWS = 20
"""How many lines of metrics are shown, evenly spread."""

app = typer.Typer(help="List the training runs, or show one.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, json: Json = False) -> None:
    """List the training runs of this workspace, oldest first."""
    if context.invoked_subcommand:
        return
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.runs.find import run_names

    records = {name: _record(name) for name in run_names()}
    if json:
        console.emit({"schema": "jmlr.runs/1", "runs": [{"name": name, **record} for name, record in records.items()]})
        return
    rows = [
        (name, r["recipe"], r["status"], str(r.get("steps", "")), f"{r['loss']:.3f}" if r.get("loss") is not None else "")
        for name, r in records.items()
    ]
    print_table("", ("run", "recipe", "status", "steps", "loss"), rows, right=(3, 4))


def _record(name: str) -> dict[str, Any]:
    """A run's record; of a damaged one, that it is."""
    from jmlr_cli.errors import DamagedError
    from jmlr_cli.runs.find import open_run

    try:
        return open_run(name).record()
    except DamagedError as error:
        return {"recipe": "", "status": "damaged", "error": str(error)}


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="RUN", show_default=False)] = "latest", json: Json = False) -> None:
    """Show a run: its record, its recipe, its metrics."""
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.recipe.load import recipe_yaml
    from jmlr_cli.runs.find import open_run

    run = open_run(name)
    record, metrics = run.record(), run.read_metrics()
    if json:
        console.emit({**record, "name": run.name, "settings": run.recipe.model_dump(mode="json"), "metrics": metrics})
        return
    print_table(run.name, ("", ""), [(key, str(value)) for key, value in record.items() if key != "schema"])
    console.out().print(recipe_yaml(run.recipe), markup=False, soft_wrap=True)
    used = [column for column in COLUMNS if any(line.get(column) is not None for line in metrics)]
    told = [line for line in metrics if any(line.get(column) is not None for column in used[1:])]
    some = told[:: max(1, len(told) // ROWS)]
    rows = [[f"{line[c]:.4g}" if line.get(c) is not None else "" for c in used] for line in some]
    print_table(f"metrics, {len(some)} of {len(told)} lines", [COLUMNS[c] for c in used], rows, right=range(len(used)))
    if run.curves.is_file():
        console.out().print(f"curves: {run.curves}", soft_wrap=True, markup=False)


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="runs")
