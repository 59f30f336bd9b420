"""A question becomes a cited answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jmlr_cli.answering.citations import cite
from jmlr_cli.answering.system import System
from jmlr_cli.contracts.values import Hit, Question


def retrieve(system: System, question: str, k: int) -> list[Hit]:
    """The ``k`` best passages for a question, best first."""
    return system.index.search([question], k)[0]


def answer_pieces(system: System, question: str, hits: Sequence[Hit], max_new_tokens: int) -> Iterator[str]:
    """The answer as it is written, with citation marks. Passages are read in ascending score, so that
    the best stands next to the question."""
    passages = [hit.passage for hit in reversed(hits)]
    prompt = system.generator.render(Question(id="ask", text=question), passages)
    return cite(system.generator.stream(prompt, max_new_tokens), hits)
