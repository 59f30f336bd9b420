"""`jmlr runs`: the training runs of this workspace, and one of them whole."""

from __future__ import annotations

from typing import Annotated

import typer

from jmlr_cli.commands.options import Json

app = typer.Typer(help="List the training runs, or show one.", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, json: Json = False) -> None:
    """List the training runs of this workspace, oldest first."""
    if context.invoked_subcommand:
        return
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.runs.run import open_run, run_names

    records = {name: open_run(name).record() for name in run_names()}
    if json:
        console.emit({"schema": "jmlr.runs/1", "runs": [{"name": name, **record} for name, record in records.items()]})
        return
    rows = [
        (name, r["recipe"], r["status"], str(r.get("steps", "")), f"{r['loss']:.3f}" if r.get("loss") is not None else "")
        for name, r in records.items()
    ]
    print_table("", ("run", "recipe", "status", "steps", "loss"), rows, right=(3, 4))


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="RUN", show_default=False)] = "latest", json: Json = False) -> None:
    """Show a run: its record, its recipe, its metrics."""
    from jmlr_cli import console
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.recipe.load import recipe_yaml
    from jmlr_cli.runs.run import open_run

    run = open_run(name)
    record, metrics = run.record(), run.read_metrics()
    if json:
        console.emit({**record, "name": run.name, "settings": run.recipe.model_dump(mode="json"), "metrics": metrics})
        return
    print_table(run.name, ("", ""), [(key, str(value)) for key, value in record.items() if key != "schema"])
    console.out().print(recipe_yaml(run.recipe), markup=False, soft_wrap=True)
    columns = ("step", "loss", "lm_loss", "rank_loss", "rank_agreement", "learning_rate", "dev_lm_loss", "dev_rank_agreement")
    used = [column for column in columns if any(column in line for line in metrics)]
    rows = [[f"{line[c]:.4g}" if c in line else "" for c in used] for line in metrics]
    print_table("metrics", used, rows, right=range(len(used)))


def add_to(parent: typer.Typer) -> None:
    """Make this a command of ``parent``."""
    parent.add_typer(app, name="runs")
