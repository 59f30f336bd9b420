"""What a reader of a comparison must know beside its figures."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.comparison.budget import unequal
from jmlr_cli.comparison.contenders import Contender


def warnings_about(contenders: Sequence[Contender]) -> list[str]:
    """Each warning as a sentence; none where the comparison is fair and tells how far seeds matter."""
    budgets, learned = unequal(contenders), _learned_from(contenders)
    single = [each.name for each in contenders if len(each.seeds) == 1]
    found = [f"The language models did not learn equally much: {budgets}."] if budgets else []
    if len(set(learned.values())) > 1:
        what = "; ".join(f"{name} {source}" for name, source in learned.items())
        found.append(f"The systems did not learn from the same questions: {what}.")
    found += [f"{' and '.join(names)} are one run, {run}." for run, names in _shared_runs(contenders).items()]
    if single:
        found.append(f"One seed alone of {', '.join(single)}: how far another seed would differ is not in the intervals.")
    return found


def _learned_from(contenders: Sequence[Contender]) -> dict[str, str]:
    """The training questions of each contender that learns, as its recipe names them."""
    data = {each.name: each.members[0].recipe.data for each in contenders if each.seeds}
    return {name: f"{each.train}{f' (the first {each.limit:,})' if each.limit else ''}" for name, each in data.items()}


def _shared_runs(contenders: Sequence[Contender]) -> dict[str, list[str]]:
    """The runs that stand behind several contenders of one mode, with their names."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in contenders:
        for member in each.members:
            if member.run:
                found.setdefault((member.run.name, each.mode), []).append(each.name)
    return {run: names for (run, _), names in found.items() if len(names) > 1}
