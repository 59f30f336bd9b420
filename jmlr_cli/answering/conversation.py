"""What a follow-up question is looked up with."""

from __future__ import annotations

from collections.abc import Sequence

from jmlr_cli.contracts.values import Turn

EARLIER = 2
"""How many earlier questions a follow-up is looked up with."""

WORDS = 120
"""The longest query that earlier questions may add to, in words: encoders cut a query at 256 tokens or so."""


def retrieval_query(question: str, history: Sequence[Turn]) -> str:
    """The question, after the last :data:`EARLIER` ones before it, the newest as long as all have at most :data:`WORDS` words.

    "And in children?" finds nothing by itself. The answers are left out: what a model wrote wrongly would be looked up again.
    """
    asked = [question]
    for turn in reversed(history[-EARLIER:]):
        if sum(len(each.split()) for each in (turn.question, *asked)) > WORDS:
            break
        asked.insert(0, turn.question)
    return "\n".join(asked)
