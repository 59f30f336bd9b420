"""How an evaluation looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jmlr_cli.commands.show import number, percent, print_table

Rows = Iterator[tuple[str, str]]

NOTES = {
    "unparsable": "answers without an option",
    "truncated": "prompts with passages cut",
    "unfit": "questions too long for the model",
}
CONTRASTS = {"overlap": "words in the passage", "rouge_l": "ROUGE-L precision", "nll_rise": "NLL rise without it"}


def show(result: dict[str, Any]) -> None:
    """An evaluation for people."""
    rows = [
        ("questions", str(result["n"])),
        *_accuracy(result),
        *_answers(result),
        *_retrieval(result),
        *_citations(result),
        *_notes(result),
        ("seconds", f"{result['seconds']:.1f}"),
        ("kept as", result["evaluation"]),
    ]
    print_table(f"{result['task']}, {result['mode']}, {result['run'] or result['model']}", ("", ""), rows)


def _accuracy(result: dict[str, Any]) -> Rows:
    if result["accuracy"] is None:
        return
    yield "accuracy, % [95 % interval]", percent(result["accuracy"], result["ci95"])
    for name, subset in result["subsets"].items():
        if subset["accuracy"] is not None:
            yield f"  {name}", f"{percent(subset['accuracy'], subset['ci95'])}  ({subset['n']})"
    if result["macro"]:
        yield f"  mean of the {result['macro']['subsets']}", percent(result["macro"]["accuracy"], result["macro"]["ci95"])
    if result["calibration"]:
        told = result["calibration"]
        yield "calibration error (ECE), confidence", f"{told['ece']:.3f}, {told['confidence']:.3f}"


def _answers(result: dict[str, Any]) -> Rows:
    if result["answer_nll"] is not None:
        yield "answer NLL, nats a token", number(result["answer_nll"], result["answer_nll_ci95"])
    if result["f1"] is not None:
        yield "exact match, %", f"{result['exact_match'] * 100:.1f}"
        yield "token F1, % [95 % interval]", percent(result["f1"], result["f1_ci95"])
        yield "ROUGE-L, % [95 % interval]", percent(result["rouge_l"], result["rouge_l_ci95"])


def _retrieval(result: dict[str, Any]) -> Rows:
    for name, value in result["retrieval"].items():
        if name != "n":
            yield f"gold document, {name}", f"{value:.3f}"
    if result["rank_agreement"]:
        told = result["rank_agreement"]
        yield f"rank agreement over {told['depth']}, % [95 % interval]", percent(told["value"], told["ci95"])


def _citations(result: dict[str, Any]) -> Rows:
    told = result["citations"]
    if told is None:
        return
    yield "answers with a citation", f"{told['cited_answers']} of {told['answers']}"
    for key, name in CONTRASTS.items():
        if told[key]["n"]:
            sides = f"{told[key]['cited']:.3f} − {told[key]['uncited']:.3f}"
            yield f"  {name}, cited − uncited", f"{number(told[key]['difference'], told[key]['ci95'])}  ({sides})"


def _notes(result: dict[str, Any]) -> Rows:
    if result.get("gold", {}).get("answer_search"):
        yield "no gold known: passages found with the answer in the query", str(result["gold"]["answer_search"])
    for key, text in NOTES.items():
        if result[key]:
            yield text, str(result[key])


def show_beir(result: dict[str, Any]) -> None:
    """Retrieval measures for people."""
    rows = [(name, f"{value:.4f}") for name, value in result["metrics"].items()]
    title = f"{result['task']} ({result['split']}), {result['n']} queries, {result['retriever']} {result['checkpoint'] or ''}"
    print_table(title.strip(), ("", ""), [*rows, ("seconds", f"{result['seconds']:.1f}")])
