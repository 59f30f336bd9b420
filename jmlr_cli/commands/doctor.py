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
    """Look at Python, the libraries, the devices, the plugins and the models here, and at what can run."""
    from rich.markup import escape

    from jmlr_cli import console
    from jmlr_cli.commands.integrity import whole
    from jmlr_cli.commands.show import print_table
    from jmlr_cli.offline import is_offline

    plugins = installed()  # first: what they load is then not there yet, and counts
    report = whole(index, run, model) | machine(is_offline()) | here() | plugins | recipes()
    warnings = warned(report)
    if json:
        console.emit({"schema": "jmlr.doctor/1", "status": "ok", **report, "warnings": warnings})
        return
    print_table("", ("", ""), [(key.replace("_", " "), _shown(value)) for key, value in report.items()])
    for warning in warnings:
        console.out().print(f"[bold yellow]warning:[/bold yellow] {escape(warning)}", soft_wrap=True)


def machine(offline: bool) -> dict[str, Any]:
    """Python, the libraries and the devices, and whether the hub is in reach."""
    import os
    import platform

    import torch

    from jmlr_cli import devices
    from jmlr_cli.machine import accelerators, hub_state
    from jmlr_cli.training.needs import found_here
    from jmlr_cli.versions import package_versions

    found = accelerators()
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": package_versions(),
        "device": str(devices.device()),
        "dtype": str(devices.dtype()).removeprefix("torch."),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": list(found.gpus),
        "nvidia_driver": found.driver,
        "torch_cuda": found.cuda,
        "faiss": found.faiss,
        **{f"{key}_gib": round(value, 1) for key, value in found_here().items()},
        "hub": hub_state(offline),
    }


def here() -> dict[str, Any]:
    """The workspace, its indexes and runs, and the models that lie here."""
    from jmlr_cli.answering.system import index_names
    from jmlr_cli.models.resolve import models_here
    from jmlr_cli.runs.find import run_names
    from jmlr_cli.workspace import Workspace

    return {
        "workspace": str(Workspace.current().root),
        "indexes": index_names(),
        "runs": run_names(),
        "models": models_here(),
    }


def installed() -> dict[str, Any]:
    """The plugins, and what they offer that cannot be imported."""
    from jmlr_cli.errors import InputError, MissingError
    from jmlr_cli.plugins import registry

    unusable = {}
    for kind, name in sorted({(offer.kind, offer.name) for offer in registry().offers}):
        try:
            registry().get(kind, name)
        except (InputError, MissingError) as error:  # two plugins offer it, or it cannot be imported
            unusable[f"{kind} {name}"] = str(error)
    return {"plugins": {plugin.name: plugin.error or "ok" for plugin in registry().plugins}, "unusable": unusable}


def recipes() -> dict[str, Any]:
    """The recipes that ship and fit this machine, and what it lacks for the others."""
    from jmlr_cli.recipe.load import builtin_names, load_recipe
    from jmlr_cli.training.needs import lacking

    missing = {name: lacking(load_recipe(name).needs) for name in builtin_names()}
    return {
        "recipes_that_fit": [name for name, lacks in missing.items() if not lacks],
        "recipes_that_lack": {name: lacks for name, lacks in missing.items() if lacks},
    }


def warned(report: dict[str, Any]) -> list[str]:
    """What of all this should be mended, a sentence each."""
    from jmlr_cli.machine import Accelerators, idle, told_plainly
    from jmlr_cli.plugins import registry

    found = Accelerators(tuple(report["gpus"]), report["nvidia_driver"], report["torch_cuda"], report["faiss"])
    plugins = [(plugin.name, plugin.error, plugin.seconds) for plugin in registry().plugins]
    return [*idle(found), *told_plainly(plugins, report["disk_gib"]), *report["unusable"].values()]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key} {_shown(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "none"}[value]
    return str(value)


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(doctor)
