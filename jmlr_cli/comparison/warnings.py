"""What a reader of a comparison must know beside its figures."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.comparison.budget import unequal
from jmlr_cli.comparison.contenders import Contender


def warnings_about(contenders: Sequence[Contender]) -> list[str]:
    """Each warning as a sentence; none where the comparison is fair and tells how far seeds matter."""
    budgets = unequal(contenders)
    single = [each.name for each in contenders if len(each.seeds) == 1]
    found = [f"The language models did not learn equally much: {budgets}."] if budgets else []
    if single:
        found.append(f"One seed alone of {', '.join(single)}: how far another seed would differ is not in the intervals.")
    return found
