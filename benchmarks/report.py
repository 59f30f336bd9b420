"""The benchmark's result: one object for programs, two tables for people."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from comparison import SIDES, Comparison
from measures import matmul_rate, top_operators
from rich.table import Table
from settings import Settings

from jmlr_cli import console, devices

SCHEMA = "jmlr.benchmark.joint-step/1"
MIB, TERA = 2**20, 1e12


def make_report(
    settings: Settings, compared: Comparison, memory: dict[str, Any], tolerance: float, top: int | None
) -> dict[str, Any]:
    """All figures of a comparison that has run. ``memory`` is each side's, or empty; ``top`` operators are profiled."""
    peak = matmul_rate(compared.work.dtype, _matrix_size(settings.shape))
    worst = compared.worst_difference()
    sides = {side: {**compared.figures(side, peak), "memory": memory.get(side)} for side in SIDES}
    return {
        "schema": SCHEMA,
        "status": "ok" if worst <= tolerance else "disagreed",
        "settings": asdict(settings),
        "machine": _machine(),
        "llm_tokens": compared.tokens,
        "matmul_rate": peak,
        **sides,
        "speedup": _ratio(sides, "seconds", "median"),
        "memory_ratio": _ratio(sides, "memory", "increment"),
        "agreement": {"tolerance": tolerance, "worst_loss_difference": worst, "gradients": compared.gradients},
        "profile": _profile(compared, top) if top else None,
    }


def show(report: dict[str, Any]) -> None:
    """Write the report for people."""
    machine, agreement = report["machine"], report["agreement"]
    console.out().print(
        f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}; {report['settings']['dtype']}; "
        f"matrix products at {report['matmul_rate'] / TERA:.3f} TFLOP/s; {report['llm_tokens']} LLM tokens a step"
    )
    console.out().print(_sides(report))
    console.out().print(f"both losses agree to {agreement['worst_loss_difference']:.1e} (allowed: {agreement['tolerance']:.0e})")
    for model, found in agreement["gradients"].items():
        console.out().print(
            f"gradient of the {model}: norm {found['ours']:.4g} and {found['published']:.4g}, norms differ by "
            f"{found['norm_difference']:.1e}, gradients by {found['difference']:.1e} of the norm"
        )
    if report["profile"]:
        console.out().print(_phases(report["profile"]["phases"]), _operators(report["profile"]["operators"]))


def _sides(report: dict[str, Any]) -> Table:
    ours, published = (report[side] for side in SIDES)
    table = Table("", *SIDES, "published / ours")
    for name in ("median", "min", "max"):
        ratio = f"{report['speedup']:.2f}" if name == "median" else ""
        table.add_row(f"seconds a step, {name}", *(f"{side['seconds'][name]:.3f}" for side in (ours, published)), ratio)
    if report["memory_ratio"]:
        for name in ("before", "peak", "increment"):
            ratio = f"{report['memory_ratio']:.2f}" if name == "increment" else ""
            table.add_row(f"memory, {name} (MiB)", *(f"{side['memory'][name] / MIB:,.0f}" for side in (ours, published)), ratio)
    table.add_row("LLM tokens a second", *(f"{side['tokens_per_second']:,.0f}" for side in (ours, published)))
    done = [side["operations"] / TERA for side in (ours, published)]
    table.add_row("operations a step (TFLOP)", *(f"{each:.3f}" for each in done), f"{done[1] / done[0]:.2f}")
    table.add_row("share of the matrix-product rate", *(f"{side['share_of_peak']:.0%}" for side in (ours, published)))
    for name in ("lm_loss", "rank_loss"):
        table.add_row(name, *(f"{side[name]:.6f}" for side in (ours, published)))
    return table


def _phases(phases: dict[str, float]) -> Table:
    table = Table("phase of our step", "seconds", "share")
    for name, seconds in sorted(phases.items(), key=lambda phase: -phase[1]):
        table.add_row(name, f"{seconds:.3f}", f"{seconds / sum(phases.values()):.0%}")
    return table


def _operators(operators: list[dict[str, Any]]) -> Table:
    table = Table("operator of our step", "own time", "calls")
    for each in operators:
        table.add_row(each["name"], f"{each['share']:.1%}", str(each["calls"]))
    return table


def _profile(compared: Comparison, count: int) -> dict[str, Any]:
    phases = compared.phases()
    return {"phases": phases, "operators": [asdict(each) for each in top_operators(lambda: compared.step("ours"), count)]}


def _ratio(sides: dict[str, Any], measure: str, figure: str) -> float | None:
    """The published side's figure over ours: above 1, ours is better. None where it was not measured."""
    ours, published = (sides[side][measure] for side in SIDES)
    return published[figure] / max(ours[figure], 1e-9) if ours and published else None


def _matrix_size(shape: str) -> int:
    """Large enough for the machine's best rate, which a tiny run need not wait for."""
    if torch.cuda.is_available():
        return 8192
    return 256 if shape == "tiny" else 2048


def _machine() -> dict[str, Any]:
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else devices.device().type
    return {"device": where, "threads": torch.get_num_threads(), "torch": torch.__version__}
