"""`jmlr demo`: the whole job on the sample that ships."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.options import Json

if TYPE_CHECKING:
    from jmlr_cli.runs.run import Run

QUESTION = "Which drug reverses an opioid overdose?"
SYSTEMS = {"closed-book": "demo-closed", "frozen-retriever RAG": "demo-rag", "joint": "demo"}


def demo(
    limit: Annotated[int, typer.Option(min=1, max=120, help="How many of the 120 test questions.")] = 80,
    tiny: Annotated[
        bool, typer.Option("--tiny", help="With tiny random models: no download, and answers that mean nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Index the sample, train three systems at equal budget, ask, and compare. Minutes on two CPU cores."""
    from jmlr_cli import console
    from jmlr_cli.commands.train_runs import trained_once
    from jmlr_cli.recipe.load import load_recipe

    started = time.monotonic()
    overrides = TINY if tiny else []
    step("1/4", "models and index")
    index_sample(overrides)
    step("2/4", "training: closed-book, frozen-retriever RAG, joint, as many updates each")
    runs = {name: trained_once(load_recipe(recipe, overrides), recipe) for name, recipe in SYSTEMS.items()}
    step("3/4", f"asking: {QUESTION}")
    answer = ask_once(runs["joint"], quiet=json)
    step("4/4", "evaluating on the test questions, whose documents no training question is about")
    results = {name: evaluate_once(run, limit) for name, run in runs.items()}
    seconds = round(time.monotonic() - started, 1)
    if json:
        named = {name: {"run": run.name, **results[name]} for name, run in runs.items()}
        console.emit({"schema": "jmlr.demo/1", "status": "ok", "answer": answer, "systems": named, "seconds": seconds})
    else:
        show(results, runs["joint"], seconds)


TINY = [
    "retriever.checkpoint=tiny-bert",
    "generator.model=tiny-llama",
    "generator.dtype=float32",
    "generator.lora.r=4",
    "data.limit=8",
]


def step(number: str, text: str) -> None:
    """Say what happens now."""
    from jmlr_cli import console

    console.err().print(f"[bold cyan]{number}[/bold cyan] {text}")


def index_sample(overrides: list[str]) -> None:
    """Fetch the models that the demo's recipe names, and index the sample's pages with its retriever."""
    from jmlr_cli import console
    from jmlr_cli.commands.index import encode, read_passages
    from jmlr_cli.models.resolve import is_here, resolve_model
    from jmlr_cli.recipe.load import load_recipe
    from jmlr_cli.sample import GUIDELINES
    from jmlr_cli.workspace import Workspace

    recipe = load_recipe("demo", overrides)
    for model in (recipe.retriever.checkpoint, recipe.generator.model):
        if not is_here(str(model)):
            console.notice(f"fetching {model}")
        resolve_model(str(model))
    passages, _ = read_passages([GUIDELINES], recipe.data.passage_words)
    change = encode(Workspace.current().index("sample"), recipe.retriever, passages, recipe.data.passage_words)
    console.notice(
        f"index sample: {change.manifest.documents} documents, {change.manifest.passages} passages, {change.added} newly encoded"
    )


def ask_once(run: Run, quiet: bool) -> str:
    """The joint system's answer to one question, shown as it is written."""
    from jmlr_cli.answering.ask import answer_pieces, retrieve
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.commands.ask import on_screen

    system = open_system(run.name, None, None)
    hits = retrieve(system, QUESTION, system.recipe.candidates.read)
    if quiet:
        return "".join(answer_pieces(system, QUESTION, hits, 80))
    return on_screen(system, QUESTION, hits, 80)


def evaluate_once(run: Run, limit: int) -> dict[str, Any]:
    """A run's numbers on the sample's test questions; an earlier demo's are kept."""
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.commands.eval import Wanted, measured

    return measured(open_system(run.name, None, None), "sample", Wanted(split="test", limit=limit, generate=False))


def show(results: dict[str, dict[str, Any]], joint: Run, seconds: float) -> None:
    """The table, and what to try next."""
    from jmlr_cli import console
    from jmlr_cli.commands.show import number, percent, print_table

    before, after = results["frozen-retriever RAG"]["retrieval"], results["joint"]["retrieval"]
    rows = [
        (
            name,
            percent(result["accuracy"], result["ci95"]),
            number(result["answer_nll"], result["answer_nll_ci95"]),
            *(f"{result['retrieval'][depth]:.3f}" if result["retrieval"] else "-" for depth in ("R@1", "R@5")),
        )
        for name, result in results.items()
    ]
    n = results["joint"]["n"]
    columns = ("system", "accuracy, % [95 %]", "answer NLL [95 %]", "R@1", "R@5")
    console.out().print()
    print_table(f"{n} test questions of the sample (for software, not for care)", columns, rows, right=(3, 4))
    changes = ", ".join(f"{name} {before[name]:.3f} → {after[name]:.3f}" for name in ("R@1", "R@5", "RR"))
    console.out().print(
        f"retrieval before and after joint training: {changes}   [dim]({seconds:.0f} s in all)[/dim]", soft_wrap=True
    )
    console.out().print("\n[bold]next[/bold]")
    for line in (
        f'ask "When is oxygen given in a heart attack?" --run {joint.name}',
        "index FOLDER-OF-YOUR-GUIDELINES",
        "recipes",
    ):
        console.out().print(f"  {command_here()} {line}", soft_wrap=True, markup=False)


def command_here() -> str:
    """How this command can be called again: its name if the shell finds it, otherwise its path from here."""
    return "jmlr" if shutil.which("jmlr") else os.path.relpath(sys.argv[0])


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command()(demo)
