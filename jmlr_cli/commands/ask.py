"""`jmlr ask`: a cited answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jmlr_cli.commands.options import IndexName, Json, RecipeName, RunName, Set
from jmlr_cli.commands.where import Where, given

if TYPE_CHECKING:
    from jmlr_cli.answering.system import System
    from jmlr_cli.contracts.values import Hit


def ask(
    question: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    run: RunName = None,
    recipe: RecipeName = None,
    index: IndexName = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="How many passages to read; by default the recipe's candidates.read.")
    ] = None,
    where: Where = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 200,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Answer a question from the index, with citations."""
    from jmlr_cli.answering.ask import retrieve
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.errors import UsageError

    if not question.strip():
        raise UsageError("the question is empty", 'For example: jmlr ask "What is the first treatment of anaphylaxis?"')
    system = open_system(run, recipe, index, overrides or [], given(where))
    hits = retrieve(system, question, k or system.recipe.candidates.read or 1)
    _as_json(system, question, hits, max_new_tokens) if json else on_screen(system, question, hits, max_new_tokens)


def _as_json(system: System, question: str, hits: list[Hit], max_new_tokens: int) -> None:
    from jmlr_cli import console
    from jmlr_cli.answering.ask import answer_pieces
    from jmlr_cli.answering.citations import cited_ranks
    from jmlr_cli.answering.hits import hit_json

    answer = "".join(answer_pieces(system, question, hits, max_new_tokens)).strip()
    console.emit(
        {
            "schema": "jmlr.ask/1",
            "question": question,
            "answer": answer,
            "citations": list(cited_ranks(answer)),
            "passages": [hit_json(hit) for hit in hits],
            "model": system.generator.name,
            "run": system.run.name if system.run else None,
        }
    )


def on_screen(system: System, question: str, hits: list[Hit], max_new_tokens: int) -> str:
    """Show the answer as it is written, then its passages; return the answer."""
    from jmlr_cli import console
    from jmlr_cli.answering.ask import answer_pieces
    from jmlr_cli.answering.citations import cited_ranks
    from jmlr_cli.commands.show import show_answer, show_hits

    answer = show_answer(answer_pieces(system, question, hits, max_new_tokens))
    console.out().print()
    show_hits(hits, cited_ranks(answer))
    console.out().print(f"\n{system.name}", style="dim", markup=False)
    return answer


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(ask)
