"""What this machine has beside what a recipe needs: how faiss and torch were built, and whether the hub answers."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PATIENCE = 3.0
"""Seconds to wait for the hub."""

LEAST_DISK = 2.0
"""GiB: what a small model and its run take."""

SLOW = 0.5
"""Seconds in which a plugin should have loaded: `jmlr --help` waits for it."""

Build = Literal["gpu", "cpu", "missing"]


@dataclass(frozen=True, slots=True)
class Accelerators:
    """GPUs that torch can use, whether there is an NVIDIA driver at all, the CUDA that torch is built for, and faiss's build."""

    gpus: tuple[str, ...]
    driver: bool
    cuda: str | None
    faiss: Build


def accelerators() -> Accelerators:
    """Those of this machine."""
    import torch

    gpus = tuple(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
    driver = Path("/proc/driver/nvidia/version").exists() or any(Path("/dev").glob("nvidia[0-9]*"))
    return Accelerators(gpus, driver, torch.version.cuda, faiss_build())


def faiss_build() -> Build:
    """Which faiss is installed."""
    try:
        import faiss
    except ImportError:
        return "missing"
    return "gpu" if hasattr(faiss, "StandardGpuResources") else "cpu"


def idle(found: Accelerators) -> list[str]:
    """A sentence for each GPU that stands idle, with what mends it."""
    if found.gpus and found.faiss != "gpu":
        return [
            f"a GPU ({found.gpus[0]}) stands idle in dense retrieval: the faiss installed here is for the CPU. "
            "Mend it: pip uninstall --yes faiss-cpu faiss-gpu && pip install faiss-gpu"
        ]
    if found.driver and not found.gpus:
        why = f"it is built for CUDA {found.cuda}, which the driver may not know" if found.cuda else "it is built for the CPU"
        return [f"an NVIDIA GPU stands idle: torch cannot use it ({why}). Install the torch that fits the driver: pytorch.org"]
    return []


def hub_state(offline: bool) -> str:
    """Whether the Hugging Face hub answers within :data:`PATIENCE`: "reachable", "not asked (offline)", "out of reach: …"."""
    from huggingface_hub import constants

    if offline or constants.HF_HUB_OFFLINE:
        return "not asked (offline)"
    answers: list[str] = []
    # a thread: looking up a name may take longer than any timeout
    asking = threading.Thread(target=lambda: answers.append(_asked(constants.ENDPOINT)), daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return answers[0] if answers else f"out of reach: no answer in {PATIENCE:g} s"


def _asked(url: str) -> str:
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return "reachable"  # whatever it says, it is there
    except (OSError, ValueError) as error:
        return f"out of reach: {getattr(error, 'reason', None) or error}"
    return "reachable"


def told_plainly(plugins: Sequence[tuple[str, str, float]], disk: float) -> list[str]:
    """A sentence for each plugin (its name, its error, the seconds that it took) that is broken or slow, and for a full disk."""
    broken = [f"the plugin {name} is broken: {error}" for name, error, _ in plugins if error]
    slow = [
        f"the plugin {name} takes {seconds:.1f} s to load, for which `jmlr --help` waits: it should register texts, not classes"
        for name, error, seconds in plugins
        if seconds > SLOW and not error
    ]
    full = [f"only {disk:.1f} GiB of disk are free in the workspace"] if disk < LEAST_DISK else []
    return [*broken, *slow, *full]
