"""`jmlr eval`: numbers with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jmlr_cli.commands.options import IndexName, Json, RecipeName, RetrieverName, RunName, Set
from jmlr_cli.commands.where import Where, given

if TYPE_CHECKING:
    from jmlr_cli.answering.system import System
    from jmlr_cli.contracts.filters import Condition
    from jmlr_cli.contracts.values import QuestionSet
    from jmlr_cli.evaluation.results import Evaluation

MODES = ("closed", "rag", "oracle")


def evaluate(
    task: Annotated[
        str | None, typer.Argument(metavar="TASK|FILE|FOLDER", help="A task's name, a question file, or a BEIR folder.")
    ] = None,
    run: RunName = None,
    recipe: RecipeName = None,
    index: IndexName = None,
    retriever: RetrieverName = None,
    mode: Annotated[
        str | None, typer.Option(metavar="|".join(MODES), help="What the model reads; by default the recipe's.")
    ] = None,
    scoring: Annotated[
        str | None, typer.Option(metavar="likelihood|generation", help="How option questions are answered.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="Passages in a prompt; by default the recipe's candidates.read.")
    ] = None,
    where: Where = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many questions.")] = None,
    split: Annotated[str | None, typer.Option(help="train, dev or test; by default test, then dev.")] = None,
    no_generate: Annotated[
        bool, typer.Option("--no-generate", help="Free-text questions: likelihoods only, nothing is written.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write each question's result as a JSON line.")
    ] = None,
    overrides: Set = None,
    json: Json = False,
) -> None:
    """Measure a run or a recipe on a question set, or a retriever on a BEIR folder."""
    from jmlr_cli import console
    from jmlr_cli.evaluation.beir import is_beir

    if task and is_beir(Path(task).expanduser()):
        result = beir(Path(task).expanduser(), split, retriever, recipe, run, overrides or [], given(where))
        console.emit(result) if json else show_beir(result)
        return
    settings = [
        *(overrides or []),
        *([f"evaluation.mode={mode}"] if mode else []),
        *([f"evaluation.scoring={scoring}"] if scoring else []),
    ]
    system = _system(run, recipe, index, retriever, settings, given(where))
    wanted = Wanted(split, limit, k, not no_generate, retriever, output)
    results = [measured(system, name, wanted) for name in ([task] if task else _own_tasks(system))]
    if json:
        console.emit(results[0] if len(results) == 1 else {"schema": "jmlr.eval/1", "status": "ok", "tasks": results})
        return
    for result in results:
        show(result)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says of an evaluation beside its system: which questions, how many passages in a prompt
    (None: as the recipe has it), whether free-text answers are written, which retriever the index must be of (None:
    any), and where each question's result goes."""

    split: str | None = None
    limit: int | None = None
    k: int | None = None
    generate: bool = True
    retriever: str | None = None
    output: Path | None = None


def measured(system: System, task: str, wanted: Wanted) -> dict[str, Any]:
    """One task's numbers, with what produced them."""
    from jmlr_cli.evaluation.system import brings_passages, gold_kinds

    questions = questions_of(task, wanted)
    own, mode = brings_passages(system, questions), system.recipe.evaluation.mode
    if wanted.retriever and mode != "closed" and not own:
        _check_index(system, wanted.retriever)
    found = evaluated(system, questions, wanted)
    made_by = {"run": system.run.name if system.run else None, "model": system.generator.name}
    searched = mode != "closed" and not own
    result = found.as_json() | made_by | {"where": [str(each) for each in system.filters] if searched else []}
    return result | ({"gold": gold_kinds(questions, None if own else system.index)} if mode == "oracle" else {})


def _check_index(system: System, retriever: str) -> None:
    from jmlr_cli.errors import InputError

    manifest = system.index.manifest
    if manifest.retriever != retriever:
        raise InputError(
            f"the index {manifest.name!r} was built by {manifest.retriever}, not by {retriever}",
            f"Name an index of its own with --index, or build one: jmlr index FOLDER --name NAME --retriever {retriever}",
        )


def questions_of(task: str, wanted: Wanted) -> QuestionSet:
    """The questions of a task or file, the first ``limit`` of them."""
    from jmlr_cli.questions.load import load_questions

    questions = load_questions(task, wanted.split or "test")
    return replace(questions, questions=questions.questions[: wanted.limit])


def evaluated(system: System, questions: QuestionSet, wanted: Wanted) -> Evaluation:
    """The evaluation of one question set, with a bar; each result goes to ``output`` as soon as it is known."""
    import contextlib
    import json

    from jmlr_cli import console
    from jmlr_cli.evaluation.system import evaluate_system, settings_of

    mode = system.recipe.evaluation.mode
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(console.progress_bar(f"{questions.name} {mode}"))
        lines = stack.enter_context(wanted.output.open("w", encoding="utf-8")) if wanted.output else None
        on_result = (lambda result: lines.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")) if lines else None
        settings = settings_of(system.recipe, wanted.k, wanted.generate)
        return evaluate_system(system, questions, mode, settings, on_result, progress)


def beir(
    folder: Path,
    split: str | None,
    retriever: str | None,
    recipe: str | None,
    run: str | None,
    overrides: list[str],
    where: Sequence[Condition] = (),
) -> dict[str, Any]:
    """Retrieval measures on a BEIR folder. Its corpus is indexed, whole documents as passages; what an earlier
    call indexed is kept. ``where`` filters what is retrieved, not what is judged."""
    import time

    from jmlr_cli import console
    from jmlr_cli.assemble import make_retriever
    from jmlr_cli.commands.index import default_name, encode, read_passages
    from jmlr_cli.commands.retriever_choice import chosen_retriever
    from jmlr_cli.evaluation.beir import read_beir
    from jmlr_cli.evaluation.retrieval import evaluate_retrieval
    from jmlr_cli.index.open import open_index
    from jmlr_cli.workspace import Workspace

    started = time.monotonic()
    data = read_beir(folder, split)
    config, words = chosen_retriever(retriever, recipe, run, overrides)
    at = Workspace.current().beir / f"{default_name([folder])}-{config.plugin}"
    passages, _ = read_passages([data.corpus], words)
    encode(at, config, passages, words)
    index = open_index(at, make_retriever).within(where)
    with console.progress_bar("searching") as progress:
        metrics = evaluate_retrieval(index.search, data.queries, data.qrels, progress=progress)
    return {
        "schema": "jmlr.eval/1",
        "status": "ok",
        "task": data.name,
        "split": data.split,
        "mode": "retrieval",
        "n": len(data.queries),
        "retriever": config.plugin,
        "checkpoint": config.checkpoint,
        "run": run,
        "where": list(map(str, where)),
        "metrics": metrics,
        "seconds": round(time.monotonic() - started, 2),
    }


def _system(
    run: str | None,
    recipe: str | None,
    index: str | None,
    retriever: str | None,
    overrides: list[str],
    where: Sequence[Condition],
) -> System:
    from jmlr_cli.answering.system import open_system
    from jmlr_cli.commands.retriever_choice import retriever_overrides

    return open_system(run, recipe, index, [*retriever_overrides(retriever), *overrides], where)


def _own_tasks(system: System) -> list[str]:
    from jmlr_cli.errors import UsageError

    tasks = list(system.recipe.evaluation.tasks)
    if not tasks:
        raise UsageError("name a task or a question file", "For example: jmlr eval medqa, or jmlr eval questions.jsonl")
    return tasks


def show(result: dict[str, Any]) -> None:
    """An evaluation for people."""
    from jmlr_cli.commands.show import number, percent, print_table

    rows = [("questions", str(result["n"]))]
    if result["accuracy"] is not None:
        rows.append(("accuracy, % [95 % interval]", percent(result["accuracy"], result["ci95"])))
    rows += [(f"  {name}", f"{percent(s['accuracy'], s['ci95'])}  ({s['n']})") for name, s in result["subsets"].items()]
    if result["answer_nll"] is not None:
        rows.append(("answer NLL, nats a token", number(result["answer_nll"], result["answer_nll_ci95"])))
    if result["f1"] is not None:
        rows += [
            ("exact match, %", f"{result['exact_match'] * 100:.1f}"),
            ("token F1, % [95 % interval]", percent(result["f1"], result["f1_ci95"])),
        ]
    rows += [(f"gold document, {name}", f"{value:.3f}") for name, value in result["retrieval"].items() if name != "n"]
    if result.get("gold", {}).get("answer_search"):
        rows.append(("no gold known: passages found with the answer in the query", str(result["gold"]["answer_search"])))
    notes = {
        "unparsable": "answers without an option",
        "truncated": "prompts with passages cut",
        "unfit": "questions too long for the model",
    }
    rows += [(text, str(result[key])) for key, text in notes.items() if result[key]]
    rows.append(("seconds", f"{result['seconds']:.1f}"))
    print_table(f"{result['task']}, {result['mode']}, {result['run'] or result['model']}", ("", ""), rows)


def show_beir(result: dict[str, Any]) -> None:
    """Retrieval measures for people."""
    from jmlr_cli.commands.show import print_table

    rows = [(name, f"{value:.4f}") for name, value in result["metrics"].items()]
    title = f"{result['task']} ({result['split']}), {result['n']} queries, {result['retriever']} {result['checkpoint'] or ''}"
    print_table(title.strip(), ("", ""), [*rows, ("seconds", f"{result['seconds']:.1f}")])


def add_to(app: typer.Typer) -> None:
    """Make this a command of ``app``."""
    app.command(name="eval")(evaluate)
