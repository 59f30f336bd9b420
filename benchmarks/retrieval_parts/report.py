"""The retrieval benchmark's result: one object for programs, a table a section for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from jmlr_cli import console
from retrieval_parts.figures import Figure, Found

SCHEMA = "jmlr.benchmark.retrieval/1"
GIB = 2**30
MET = {True: "met", False: "not met", None: "not measured"}


def make_report(about: dict[str, Any], found: Sequence[Found]) -> dict[str, Any]:
    """Everything. ``about``: the command, the seed, the settings and the machine."""
    failures = [f"{each.section}: {each.failure}" for each in found if each.failure]
    return {
        "schema": SCHEMA,
        "status": "disagreed" if failures else "ok",
        "failures": failures,
        **about,
        "sections": [each.as_json() for each in found],
    }


def show_about(about: dict[str, Any]) -> None:
    """Write what was run, and where."""
    machine = about["machine"]
    others = ", ".join(f"{name} {version or 'not installed'}" for name, version in machine["compared"].items())
    console.out().print(
        f"{about['command']}  (seed {about['seed']})\n"
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory'] / GIB:.0f} GiB, load {machine['load']:.1f} before; "
        f"{machine['device']}, {machine['threads']} threads (faiss {machine['faiss_threads']}); "
        f"torch {machine['torch']}, faiss {machine['faiss']}, {others}",
        soft_wrap=True,
    )
    if about["tiny"]:
        console.out().print("A trial: of sizes so small, times, ratios and goals say nothing.")


def show(found: Found) -> None:
    """Write one section for people."""
    table = Table("", "value", "goal", "")
    for figure in found.figures:
        table.add_row(figure.what, _value(figure), _goal(figure), figure.note)
    console.out().print(f"\n{found.section}: {found.about}", soft_wrap=True)
    console.out().print(table)


def _value(figure: Figure) -> str:
    if figure.value is None:
        return "-"
    size = abs(figure.value)
    number = f"{size:.1e}" if 0 < size < 1e-3 else f"{figure.value:,.{3 if size < 10 else 1}f}"
    return f"{number} {figure.unit}".strip()


def _goal(figure: Figure) -> str:
    bounds = [f"{sign} {bound:g}" for sign, bound in (("≥", figure.least), ("≤", figure.most)) if bound is not None]
    return f"{' '.join(bounds)}: {MET[figure.met]}" if bounds else ""
