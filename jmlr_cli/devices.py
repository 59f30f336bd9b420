"""The one choice of device and number type. Imports torch; import it only where models run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch


@lru_cache(maxsize=1)
def device() -> torch.device:
    """The device that models run on: the first GPU, Apple's, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


@lru_cache(maxsize=1)
def cpu_multiplies_bfloat16() -> bool:
    """Whether this CPU has matrix units for bfloat16 (AMX). The vector instructions alone (AVX512-BF16) were
    measured at 0.6 times float32's rate, so they do not count."""
    info = Path("/proc/cpuinfo")
    return info.exists() and "amx_bf16" in info.read_text(errors="replace")


def dtype(name: str = "auto") -> torch.dtype:
    """The torch type called ``name``; ``auto`` is bfloat16 where the device has matrix units for it."""
    if name != "auto":
        return getattr(torch, name)
    if device().type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if cpu_multiplies_bfloat16() else torch.float32
