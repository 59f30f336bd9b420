"""`--where`: the filter that several commands take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jmlr_cli.contracts.filters import Condition

Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FILTER",
        help="Only passages that pass: source=NICE,WHO, status!=draft, document=who/*, 'date>=2020-06'; repeat it for more.",
    ),
]


def given(where: Sequence[str] | None) -> tuple[Condition, ...]:
    """The conditions on the command line. Raises :class:`UsageError` for one that cannot be read."""
    from jmlr_cli.contracts.filters import GRAMMAR, conditions
    from jmlr_cli.errors import UsageError

    try:
        return conditions(where or ())
    except ValueError as error:
        raise UsageError(str(error), GRAMMAR) from None
