"""The one choice of device and number type. Imports torch; import it only where models run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

import torch

_in_main_memory: ContextVar[bool] = ContextVar("models load into main memory", default=False)


def device() -> torch.device:
    """The device that models run on: the first GPU, Apple's, or the CPU."""
    return torch.device("cpu") if _in_main_memory.get() else _found()


@contextmanager
def in_main_memory() -> Iterator[None]:
    """Inside, models load into main memory, whatever there is: no device of several holds the whole of them."""
    token = _in_main_memory.set(True)
    try:
        yield
    finally:
        _in_main_memory.reset(token)


@lru_cache(maxsize=1)
def _found() -> torch.device:
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
