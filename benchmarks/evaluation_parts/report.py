"""The evaluation benchmark's result: one object for programs, a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from retrieval_parts.machine import machine
from rich.table import Table

from evaluation_parts.compare import Compared
from evaluation_parts.settings import TOLERANCE, Settings
from jmlr_cli import console

SCHEMA = "jmlr.benchmark.evaluation/1"


def make_report(command: str, settings: Settings, found: Sequence[Compared]) -> dict[str, Any]:
    """All figures."""
    tolerance = TOLERANCE[settings.dtype]
    disagreed = [each.style for each in found if each.worst_difference > tolerance or each.changed]
    return {
        "schema": SCHEMA,
        "status": "disagreed" if disagreed else "ok",
        "disagreed": disagreed,
        "command": command,
        "settings": {**asdict(settings), "questions": str(settings.questions)},
        "machine": {**machine(), "compared": {"lm-eval": version("lm-eval"), "transformers": version("transformers")}},
        "tolerance": tolerance,
        "styles": [each.as_json() for each in found],
    }


def show(report: dict[str, Any]) -> None:
    """Write the report for people."""
    where, settings = report["machine"], report["settings"]
    console.out().print(
        f"{report['command']}\n{where['cpu']}, {where['cores']} cores, load {where['load']:.1f} before; {where['device']}, "
        f"{where['threads']} threads; torch {where['torch']}, lm-eval {where['compared']['lm-eval']}; {settings['dtype']}; "
        f"{settings['rounds']} rounds of {settings['size']} questions",
        soft_wrap=True,
    )
    table = Table("answers", "ours, questions/s", "lm-eval (batch)", "speedup", "of CPU time", "same option", "NLLs apart by")
    for each in report["styles"]:
        speed, chosen = each["questions_per_second"], each["chosen"]
        same = sum(a == b for a, b in zip(chosen["ours"], chosen["lm-eval"], strict=True))
        table.add_row(
            each["style"],
            f"{speed['ours']:.2f}",
            f"{speed['lm-eval']:.2f} ({each['batch_size']})",
            *(f"{each[name]:.2f} ×" for name in ("speedup", "cpu_speedup")),
            f"{same} of {each['questions']}",
            f"{each['worst_difference']:.1e}",
        )
    console.out().print(table)
