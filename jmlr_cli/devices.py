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
def cpu_computes_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX512-BF16, AMX or ARM's BF16)."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text(errors="replace") if info.exists() else ""
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16"))


def dtype(name: str = "auto") -> torch.dtype:
    """The torch type called ``name``; ``auto`` is bfloat16 where the device computes it natively."""
    if name != "auto":
        return getattr(torch, name)
    if device().type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if cpu_computes_bfloat16() else torch.float32
