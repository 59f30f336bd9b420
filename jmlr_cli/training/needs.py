"""Whether this machine has what a recipe needs. Looked at before anything is loaded."""

from __future__ import annotations

import shutil

import psutil

from jmlr_cli.errors import MissingError
from jmlr_cli.recipe.schema import NeedsConfig
from jmlr_cli.workspace import Workspace

GIB = 2**30


def found_here() -> dict[str, float]:
    """What this machine has, in GiB: the largest GPU's memory, main memory, free disk in the workspace."""
    import torch

    gpus = [torch.cuda.get_device_properties(i).total_memory for i in range(torch.cuda.device_count())]
    root = Workspace.current().root
    existing = next(path for path in (root, *root.parents) if path.exists())
    return {
        "gpu_memory": max(gpus, default=0) / GIB,
        "memory": psutil.virtual_memory().total / GIB,
        "disk": shutil.disk_usage(existing).free / GIB,
    }


def lacking(needs: NeedsConfig) -> list[str]:
    """What is needed and not here, each as a phrase; empty when the recipe fits."""
    found = found_here()
    names = {"gpu_memory": "GiB of GPU memory", "memory": "GiB of memory", "disk": "GiB of free disk"}
    return [
        f"{getattr(needs, key):g} {name} (found {found[key]:.1f})"
        if found[key]
        else f"{getattr(needs, key):g} {name} (found none)"
        for key, name in names.items()
        if getattr(needs, key) > found[key]
    ]


def check_needs(needs: NeedsConfig, recipe: str) -> None:
    """Raise :class:`MissingError` when the machine cannot run the recipe."""
    missing = lacking(needs)
    if missing:
        raise MissingError(
            f"the recipe {recipe!r} needs {' and '.join(missing)}",
            "Run it where that is, try a smaller recipe (`jmlr recipes`), or see its plan: jmlr train --dry-run.",
        )
