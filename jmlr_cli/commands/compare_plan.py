"""`jmlr compare --dry-run`: what a comparison would train and evaluate, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.markup import escape

from jmlr_cli import console
from jmlr_cli.commands.eval import Wanted
from jmlr_cli.commands.show import print_table
from jmlr_cli.comparison.budget import unequal
from jmlr_cli.comparison.contenders import Contender
from jmlr_cli.comparison.plan import Job, plan_comparison, question_count
from jmlr_cli.training.needs import lacking

STATES = {"missing": "train", "unfinished": "go on", "finished": "there", "untrained": "none"}


def show_plan(contenders: Sequence[Contender], task: str, asked: Wanted, json: bool) -> None:
    """The jobs of a comparison. Nothing is trained, evaluated or fetched."""
    questions = question_count(task, asked.split, asked.limit)
    jobs = plan_comparison(contenders, questions)
    hours = {key: _sum([getattr(job, key) for job in jobs]) for key in ("training_hours", "evaluation_hours")}
    ahead = [each for each in contenders if any(member.waits for member in each.members)]
    missing = sorted({lack for each in ahead for lack in lacking(each.members[0].recipe.needs)})
    budgets = unequal(contenders)
    if json:
        told = {"questions": questions, "jobs": [asdict(job) for job in jobs], **hours, "missing": missing}
        console.emit({"schema": "jmlr.compare_plan/1", "task": task, **told, "unequal_budgets": budgets})
        return
    columns = ("system", "seed", "training", "steps", "GiB", "training h", "evaluation h")
    rows = [*map(_row, jobs), ("in all", "", "", "", "", *map(_number, hours.values()))]
    counted = "an unknown number of" if questions is None else f"{questions:,}"
    print_table(f"plan of a comparison on {counted} questions of {task}", columns, rows, right=range(3, 7))
    console.out().print(
        "[dim]hours on one A100 at 40 % of its bfloat16 peak, GiB: estimates; no kept evaluation is made again[/dim]"
    )
    if budgets:
        console.out().print(f"[yellow]unequal budgets[/yellow] {escape(budgets)}")
    if missing:
        console.out().print(f"[yellow]this machine lacks[/yellow] {escape('; '.join(missing))}")


def _row(job: Job) -> tuple[str, ...]:
    seed = "" if job.seed is None else str(job.seed)
    figures = (job.steps, job.memory, job.training_hours, job.evaluation_hours)
    # a model that is there already costs nothing, which is not the same as not known
    shown = [_number(value) if job.steps != 0 or place == 3 else "" for place, value in enumerate(figures)]
    return job.system, seed, STATES[job.state], *shown


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:,}"


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 2) if len(known) == len(values) else None
