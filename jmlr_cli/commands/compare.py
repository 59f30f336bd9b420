"""`jmlr compare`: systems on the same questions, paired."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.eval import MODES, Wanted
from jmlr_cli.commands.options import Json, Set

if TYPE_CHECKING:
    from jmlr_cli.comparison.compare import Evaluated
    from jmlr_cli.comparison.contenders import Contender, Member
    from jmlr_cli.comparison.measures import Measure
    from jmlr_cli.contracts.values import QuestionSet


def compare(
    systems: Annotated[
        list[str], typer.Argument(metavar="RUN|RECIPE...", help="Runs, compared as they are, and recipes, trained where needed.")
    ],
    task: Annotated[str, typer.Option("--task", metavar="TASK|FILE", help="The questions: a task's name or a question file.")],
    seeds: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Train and evaluate each recipe with these seeds; by default its own.")
    ] = None,
    untrained: Annotated[
        list[str] | None, typer.Option("--untrained", metavar="RECIPE", help="Also a recipe as it is before training.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(metavar="|".join(MODES), help="What every model reads; by default as its recipe says.")
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="accuracy, answer_nll, exact_match, f1, rouge_l, R@1, R@5, R@20, nDCG@10, RR or rank_agreement; repeat it for "
            "more. By default accuracy, answer_nll and f1, where the questions have them.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Only the first so many questions.")] = None,
    split: Annotated[str | None, typer.Option(help="train, dev or test; by default test.")] = None,
    no_generate: Annotated[
        bool, typer.Option("--no-generate", help="Free-text questions: likelihoods only, nothing is written.")
    ] = False,
    any_budget: Annotated[
        bool, typer.Option("--any-budget", help="Train also where the language models would learn unequally much.")
    ] = False,
    overrides: Set = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be trained and evaluated, and stop.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Also write the JSON object to this file.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare runs and recipes on the same questions, paired, with tests. Recipes are trained first where needed."""
    from jmlr_cli import console
    from jmlr_cli.commands.compare_plan import show_plan
    from jmlr_cli.commands.compare_show import show_comparison
    from jmlr_cli.comparison.measures import measures_named
    from jmlr_cli.comparison.record import keep
    from jmlr_cli.files import write_json

    started = time.monotonic()
    wanted = measures_named(metrics or [])
    settings = [*(overrides or []), *([f"evaluation.mode={mode}"] if mode else [])]
    contenders = contenders_named(systems, untrained or [], seeds, settings)
    asked = Wanted(split=split, limit=limit, generate=not no_generate)
    if dry_run:
        show_plan(contenders, task, asked, json)
        return
    record = comparison_record(contenders, task, asked, wanted, any_budget)
    record["seconds"] = round(time.monotonic() - started, 2)
    keep(record)
    if output:
        write_json(output, record)
    console.emit(record) if json else show_comparison(record)


def contenders_named(
    systems: Sequence[str], untrained: Sequence[str], seeds: str | None, overrides: Sequence[str]
) -> list[Contender]:
    """What the command line names, the untrained ones first.

    Raises :class:`UsageError` for one system alone, for one named twice, and for seeds that no recipe takes."""
    from jmlr_cli.comparison.contenders import contender, untrained_contender
    from jmlr_cli.errors import UsageError

    drawn = _seeds(seeds)
    found = [untrained_contender(name, overrides) for name in untrained]  # first: a baseline is what others are held against
    found += [contender(name, drawn, overrides) for name in systems]
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"{twice!r} is named twice", "Name each system once; with other settings it is a recipe of its own.")
    if len(found) < 2:
        raise UsageError("there is nothing to compare it with", "Name two systems or more, or add --untrained RECIPE.")
    if seeds and not any(name == each.recipe and each.seeds for name, each in zip(names, found, strict=True)):
        raise UsageError("--seeds is for recipes that train, and none is named", "A run has the seed that it was trained with.")
    return found


def comparison_record(
    contenders: Sequence[Contender], task: str, asked: Wanted, wanted: Sequence[Measure] = (), any_budget: bool = False
) -> dict[str, Any]:
    """The comparison as JSON. What is missing is trained and evaluated; what is there is used again."""
    from jmlr_cli.comparison.checks import check_before_training
    from jmlr_cli.comparison.compare import Answered, compared
    from jmlr_cli.comparison.record import comparison_json
    from jmlr_cli.comparison.warnings import warnings_about
    from jmlr_cli.questions.load import chosen_questions

    questions = chosen_questions(task, asked.split, asked.limit)
    check_before_training(contenders, questions, asked.generate, any_budget)
    ready = [_trained(each) for each in contenders]
    answered = [Answered(each, tuple(evaluated_member(member, questions, asked) for member in each.members)) for each in ready]
    return comparison_json(compared(answered, wanted), questions.name, warnings_about(ready))


def _trained(contender: Contender) -> Contender:
    """A contender whose members are all trained."""
    return replace(contender, members=tuple(_with_run(contender, member) for member in contender.members))


def _with_run(contender: Contender, member: Member) -> Member:
    """A member with its finished run."""
    from jmlr_cli import console
    from jmlr_cli.commands.train_runs import trained_once

    if member.waits:
        return replace(member, run=trained_once(member.recipe, contender.recipe))
    if member.run and member.run.name != contender.name:  # it was a recipe that was named
        console.notice(f"run {member.run.name} is there already")
    return member


def evaluated_member(member: Member, questions: QuestionSet, asked: Wanted) -> Evaluated:
    """A member's evaluation on the questions, kept from before or made now."""
    from jmlr_cli.answering.system import System
    from jmlr_cli.commands.eval import evaluated
    from jmlr_cli.comparison.compare import Evaluated
    from jmlr_cli.evaluation.kept import open_evaluation

    kept = open_evaluation(evaluated(System(member.recipe, member.run, None), questions, asked)["evaluation"])
    return Evaluated(kept.name, tuple(kept.results()))


def _seeds(text: str | None) -> list[int]:
    """The seeds that ``--seeds`` lists; none without it."""
    from jmlr_cli.errors import UsageError

    words = [word.strip() for word in text.split(",")] if text is not None else []
    if not all(word.isdecimal() for word in words) or len(set(map(int, words))) < len(words):
        raise UsageError(f"--seeds {text!r} is not a list of different whole numbers", "For example: --seeds 0,1,2")
    return list(map(int, words))


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(compare)
