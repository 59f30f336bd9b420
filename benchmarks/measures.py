"""What is measured of a step: seconds, floating-point operations, memory, and where the time goes."""

from __future__ import annotations

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from jmlr_cli import devices

aten = torch.ops.aten
Step = Callable[[], Any]


def seconds_of(step: Step) -> tuple[float, Any]:
    """How long one step takes, and what it returns."""
    _synchronize()
    started = time.perf_counter()
    outcome = step()
    _synchronize()
    return time.perf_counter() - started, outcome


def matmul_rate(dtype: torch.dtype, size: int, tries: int = 5) -> float:
    """Operations a second of a ``size`` × ``size`` matrix product: the best of several, after one to warm up."""
    left, right = (torch.randn(size, size, device=devices.device()).to(dtype) for _ in range(2))
    best = min(seconds_of(lambda: left @ right)[0] for _ in range(tries + 1))
    return 2 * size**3 / best


# -- operations


def operations_of(step: Step) -> tuple[int, Any]:
    """The floating-point operations of every matrix product and attention that a step runs, forward and backward,
    from the operands' shapes (2·m·k·n a product; causal attention counted whole), and what the step returns."""
    with FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION) as counter:
        outcome = step()
    return counter.get_total_flops(), outcome


def _attention(query: Any, key: Any, *_: Any, **__: Any) -> int:
    batch, heads, length, width = query
    return 4 * batch * heads * length * key[-2] * width


def _attention_backward(_: Any, query: Any, key: Any, *__: Any, **___: Any) -> int:
    return _attention(query, key) * 5 // 2


CPU_ATTENTION = {  # torch's own counter knows the GPU's kernels only
    aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
}


# -- memory


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: held just before the first step, and at the peak of the steps."""

    before: int
    peak: int


def memory_of(step: Step, steps: int) -> Memory:
    """The memory of ``steps`` steps: of the GPU's tensors where there is one, otherwise of this process."""
    _reset_peak()
    before = torch.cuda.memory_allocated() if torch.cuda.is_available() else psutil.Process().memory_info().rss
    for _ in range(steps):
        step()
    return Memory(before, torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _peak_resident())


def _reset_peak() -> None:
    """Forget the peak of loading, where the system lets us."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    elif (marks := Path("/proc/self/clear_refs")).exists():
        marks.write_text("5")


def _peak_resident() -> int:
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the process that started this one
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


# -- where the time goes


@dataclass(frozen=True, slots=True)
class Operator:
    """A torch operator: its own time as a share of all operators', and how often it ran."""

    name: str
    share: float
    calls: int


def top_operators(step: Step, count: int) -> list[Operator]:
    """The operators of a step that take the most time themselves."""
    gpu = torch.cuda.is_available()
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]) as profiler:
        step()
    own = "self_device_time_total" if gpu else "self_cpu_time_total"
    events = sorted(profiler.key_averages(), key=lambda event: -getattr(event, own))
    total = sum(getattr(event, own) for event in events)
    return [Operator(event.key, getattr(event, own) / total, event.count) for event in events[:count]]


class Phases:
    """Seconds of a step by phase: the forward passes of named models with and without gradient, and what the
    caller times itself with :meth:`timed`."""

    def __init__(self, **models: torch.nn.Module) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._started: list[float] = []
        self._hooks = [hook for name, model in models.items() for hook in self._hooked(name, model)]

    def timed(self, name: str, part: Step) -> Any:
        """Run ``part`` and add its seconds to the phase ``name``."""
        taken, outcome = seconds_of(part)
        self.seconds[name] += taken
        return outcome

    def close(self) -> dict[str, float]:
        """Take the hooks off; the seconds by phase."""
        for hook in self._hooks:
            hook.remove()
        return dict(self.seconds)

    def _hooked(self, name: str, model: torch.nn.Module) -> tuple[Any, Any]:
        def begin(*_: Any) -> None:
            _synchronize()
            self._started.append(time.perf_counter())

        def end(*_: Any) -> None:
            _synchronize()
            phase = f"{name}, {'with' if torch.is_grad_enabled() else 'without'} gradient"
            self.seconds[phase] += time.perf_counter() - self._started.pop()

        return model.register_forward_pre_hook(begin), model.register_forward_hook(end)


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
