"""`jmlr doctor`: what this machine has, and what can run here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from jmlr_cli.commands.options import Json


def doctor(
    index: Annotated[
        str | None, typer.Option("--index", metavar="NAME", help="Compare this index's files with their checksums.")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Compare this run's files with their checksums.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Compare this model's files with their checksums.")
    ] = None,
    json: Json = False,
) -> None:
    """Look at Python, the libraries, the devices, the plugins and the models here."""
    from jmlr_cli import console
    from jmlr_cli.commands.integrity import whole
    from jmlr_cli.commands.show import print_table

    report = whole(index, run, model) | machine() | here()
    if json:
        console.emit({"schema": "jmlr.doctor/1", "status": "ok", **report})
        return
    print_table("", ("", ""), [(key.replace("_", " "), _shown(value)) for key, value in report.items()])


def machine() -> dict[str, Any]:
    """Python, the libraries and the devices."""
    import platform

    import torch

    from jmlr_cli import devices
    from jmlr_cli.runs.run import package_versions
    from jmlr_cli.training.needs import found_here

    versions = package_versions()
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    found = {f"{key}_gib": round(value, 1) for key, value in found_here().items()}
    return {
        "python": platform.python_version(),
        "versions": versions,
        "device": str(devices.device()),
        "dtype": str(devices.dtype()).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "gpus": gpus,
        **found,
    }


def here() -> dict[str, Any]:
    """The workspace, its models, indexes and runs, the plugins, and the recipes that fit."""
    from jmlr_cli.answering.system import index_names
    from jmlr_cli.models.catalogue import catalogue
    from jmlr_cli.models.resolve import is_here
    from jmlr_cli.plugins import registry
    from jmlr_cli.recipe.load import builtin_names, load_recipe
    from jmlr_cli.runs.run import run_names
    from jmlr_cli.training.needs import lacking
    from jmlr_cli.workspace import Workspace

    return {
        "workspace": str(Workspace.current().root),
        "indexes": index_names(),
        "runs": run_names(),
        "models": [name for name in catalogue() if is_here(name)],
        "plugins": {plugin.name: plugin.error or "ok" for plugin in registry().plugins},
        "recipes_that_fit": [name for name in builtin_names() if not lacking(load_recipe(name).needs)],
    }


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(doctor)
