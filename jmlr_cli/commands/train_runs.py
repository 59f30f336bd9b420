"""A recipe becomes a finished run, for the commands that train."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jmlr_cli.recipe.schema import Recipe
    from jmlr_cli.runs.run import Run
    from jmlr_cli.training.session import Summary


def trained(recipe: Recipe, name: str) -> Summary:
    """A new run, trained to its end. The machine and the inputs are checked before a run's folder is made."""
    from jmlr_cli import console
    from jmlr_cli.training.needs import check_needs

    check_needs(recipe.needs, name)
    from jmlr_cli.launch import is_first, join, peers, told

    with peers(recipe.training.devices):
        join()
        from jmlr_cli.runs.create import create_run
        from jmlr_cli.runs.find import open_run, sweep_runs
        from jmlr_cli.training.inputs import prepare
        from jmlr_cli.training.material import material_of
        from jmlr_cli.training.session import Session

        with _loading(recipe):
            inputs = prepare(recipe)
        if is_first():
            sweep_runs()
        run = open_run(told(create_run(recipe, name).name if is_first() else None))
        if is_first():
            run.update(material=material_of(recipe))
        console.notice(f"run {run.name}")
        return _finish(run, Session(run, inputs, _bar()), None)


def trained_once(recipe: Recipe, name: str) -> Run:
    """The finished run of a recipe: one that is there, an unfinished one gone on with, or a new one."""
    from jmlr_cli import console
    from jmlr_cli.runs.find import runs_of
    from jmlr_cli.training.material import find_run

    run = find_run(recipe)
    if run is None:
        for other in runs_of(recipe)[:1]:
            console.notice(f"run {other.name} learned from other questions or another index than are here now")
        return trained(recipe, name).run
    if run.record().get("status") != "finished":
        return resumed(run.name).run
    console.notice(f"run {run.name} is there already")
    return run


def resumed(name: str) -> Summary:
    """A run gone on with from its newest checkpoint."""
    from jmlr_cli import console
    from jmlr_cli.errors import InputError
    from jmlr_cli.launch import is_first, join, peers
    from jmlr_cli.runs.checkpoints import newest_whole
    from jmlr_cli.runs.find import open_run, sweep_runs

    run = open_run(name)
    if run.record().get("status") == "finished":
        raise InputError(f"the run {run.name!r} is finished", "Start a new one with --recipe.")
    with peers(run.recipe.training.devices):
        join()
        from jmlr_cli.training.inputs import prepare
        from jmlr_cli.training.session import Session

        if is_first():
            sweep_runs()
        newest, problems = newest_whole(run.checkpoints)
        for problem in problems:
            console.notice(f"passed over: {problem}")
        _check_material(run, newest)
        console.notice(f"run {run.name}, from {newest.name if newest else 'its beginning'}")
        with _loading(run.recipe):
            inputs = prepare(run.recipe)
        return _finish(run, Session(run, inputs, _bar()), newest)


def _check_material(run: Run, checkpoint: Path | None) -> None:
    """Raise :class:`InputError` when a run would go on with other questions or another index than it began with. Without a
    checkpoint it begins anew, with those that are here."""
    from jmlr_cli.errors import InputError
    from jmlr_cli.launch import is_first
    from jmlr_cli.training.material import material_of

    then, now = run.record().get("material"), material_of(run.recipe)
    if checkpoint and then is not None and then != now:
        what = " and ".join(key for key in now if then.get(key) != now[key])
        raise InputError(
            f"the run {run.name!r} began with other {what} than are here now",
            f"Put them back, or begin a new run: jmlr train --recipe {run.folder / 'recipe.yaml'}",
        )
    if is_first() and then != now and not checkpoint:
        run.update(material=now)


def _loading(recipe: Recipe) -> AbstractContextManager[None]:
    """In which order the processes load their models: the first one first, and one by one where each needs main memory for a
    whole one."""
    from jmlr_cli.launch import first_one_first, meshed, one_by_one, processes

    if not recipe.training.fsdp or processes() == 1:
        return first_one_first()
    meshed()
    return one_by_one()


def _finish(run: Run, session: Any, checkpoint: Path | None) -> Summary:
    from jmlr_cli.launch import is_first, processes
    from jmlr_cli.lock import writing

    if not is_first():
        return session.train(checkpoint)
    with writing(run.folder):
        return _recorded(run, session, checkpoint, processes())


def _recorded(run: Run, session: Any, checkpoint: Path | None, processes: int) -> Summary:
    """Train, and keep in the run's record how it goes."""
    from jmlr_cli.interrupt import asked

    run.update(status="running", processes=processes)
    try:
        summary = session.train(checkpoint)
    except BaseException as error:
        stopped = isinstance(error, KeyboardInterrupt) or asked()
        run.update(status="interrupted" if stopped else "failed", error=str(error))
        raise
    values = {key: value for key, value in asdict(summary).items() if key != "run"}
    run.finish(**values)
    session.clean()
    return summary


def _bar() -> Any:
    """Bars for the process that speaks."""
    from jmlr_cli import console
    from jmlr_cli.launch import is_first

    return console.progress_bar if is_first() else console.no_bar
