"""The machine that figures were taken on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import faiss
import psutil
import torch

from jmlr_cli import devices

COMPARED = ("rank-bm25", "bm25s", "sentence-transformers")


def machine() -> dict[str, Any]:
    """Processor, threads, versions, and the load before the run: above one, other work took part of the machine."""
    return {
        "cpu": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else devices.device().type,
        "threads": torch.get_num_threads(),
        "faiss_threads": faiss.omp_get_max_threads(),
        "memory": psutil.virtual_memory().total,
        "load": os.getloadavg()[0],
        "torch": torch.__version__,
        "faiss": faiss.__version__,
        "compared": {name: _version(name) for name in COMPARED},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
