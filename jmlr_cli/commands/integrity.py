"""What `jmlr doctor` says of the files of an index, a run or a model."""

from __future__ import annotations

from collections.abc import Iterable


def whole(index: str | None, run: str | None, model: str | None) -> dict[str, str]:
    """That all files of what is named are as they were written, a sentence each.

    Raises :class:`DamagedError` that names every file which is not.
    """
    from jmlr_cli.errors import DamagedError

    looks = {"index": (index, index_damage), "run": (run, run_damage), "model": (model, model_damage)}
    said: dict[str, str] = {}
    problems: list[str] = []
    for kind, (name, look) in looks.items():
        if name is not None:
            found = [f"{file} {what}" for file, what in look(name)]
            problems += [f"the {kind} {name!r} is damaged: {'; '.join(found)}"] if found else []
            said[kind] = f"{name}: all files match their checksums"
    if problems:
        raise DamagedError(". ".join(problems), "Make it again, or bring the files back from a copy.")
    return said


def index_damage(name: str) -> Iterable[tuple[str, str]]:
    """The damaged files of an index."""
    from jmlr_cli.answering.system import find_index
    from jmlr_cli.index.check import damage

    return damage(find_index(name))


def run_damage(name: str) -> Iterable[tuple[str, str]]:
    """The damaged files of a run."""
    from jmlr_cli.runs.check import damage
    from jmlr_cli.runs.find import open_run

    return damage(open_run(name))


def model_damage(name: str) -> Iterable[tuple[str, str]]:
    """The damaged files of a model."""
    from jmlr_cli.models.check import damage, find_here

    return damage(find_here(name))
