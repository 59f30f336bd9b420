"""How an audit looks on a terminal."""

from __future__ import annotations

from typing import Any

from jmlr_cli.commands.show import number, percent, print_table

NAMES = {
    "exact": "exact",
    "normalised": "normalised",
    "ngram": "{ngram}-gram",
    "near": "near-duplicate, Jaccard ≥ {threshold:g}",
    "rationale": "rationale, {ngram}-gram",
    "marked": "marked with the question",
}
SETS = {
    "all": "all questions",
    "clean": "without the leaking questions",
    "leaking": "the leaking questions alone",
    "unread": "questions that read no passage that leaks them",
    "removed": "each without the passages that leak it",
}
SHOWN = 20
"""Findings on the screen."""

LONGEST = 80
"""Characters of an overlap on the screen."""


def show_audit(result: dict[str, Any]) -> None:
    """The measures, the findings and the evaluation, a table each."""
    n, settings = result["n"], result["settings"]
    for each in result["searched"]:
        title = f"{result['questions']} ({n:,} questions) in {each['texts']:,} {_texts(each['source'])} of {each['name']}"
        print_table(title, ("", ""), [("questions whose answer stands in one", f"{each['answers']:,} (no leak)")])
    rows = [(NAMES[name].format(**settings), *_measured(found)) for name, found in result["measures"].items()]
    rows.append(("by any measure", *_measured(result["leaking"])))
    print_table("", ("leaks", "questions", "%", "from texts", "only in gold document"), rows, right=(1, 2, 3, 4))
    covered = ", ".join(f"{count:,} by {float(share):.0%}" for share, count in result["covered"].items())
    print_table("", ("", ""), [("questions covered by one text", covered), ("seconds", f"{result['seconds']:.1f}")])
    _show_findings(result["findings"])
    if "evaluation" in result:
        _show_evaluation(result["evaluation"])


def _texts(source: str) -> str:
    return "passages" if source == "index" else "training questions"


def _measured(found: dict[str, Any]) -> tuple[str, ...]:
    gold = f"{found['only_in_gold']:,}" if "only_in_gold" in found else ""
    return f"{found['questions']:,}", f"{found['share'] * 100:.1f}", f"{found['texts']:,}", gold


def _show_findings(findings: list[dict[str, Any]]) -> None:
    """The strongest finding of each question."""
    strongest = list({finding["question"]: finding for finding in reversed(findings)}.values())[::-1]
    rows = [
        (
            each["question"],
            each["measures"][0],
            f"{each['coverage']:.0%}",
            each["document"] or each["text"],
            _short(each["overlap"]),
        )
        for each in strongest[:SHOWN]
    ]
    if rows:
        more = f", the first {SHOWN} of {len(strongest)}; --output writes all" if len(strongest) > SHOWN else ""
        heads = ("question", "strictest", "covered", "found in", "words in common")
        print_table(f"leaking questions{more}", heads, rows, right=(2,))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _show_evaluation(evaluation: dict[str, Any]) -> None:
    rows = [
        (SETS[name], str(evaluation[name]["n"]), *_figures(evaluation[name]))
        for name in SETS
        if evaluation[name] and (name != "removed" or evaluation["unread"]["n"] < evaluation["all"]["n"])
    ]
    heads = ("", "n", "accuracy, % [95 %]", "answer NLL [95 %]", "token F1, % [95 %]")
    used = [0, *(place for place in range(1, 5) if any(row[place] for row in rows))]
    print_table(evaluation["name"], [heads[p] for p in used], [[row[p] for p in used] for row in rows], right=used[1:])
    if evaluation["removed"] is None:
        lacking = evaluation["all"]["n"] - evaluation["unread"]["n"]
        print_table("", ("", ""), [(f"{lacking} questions read a passage that leaks them: --retest answers them without", "")])


def _figures(found: dict[str, Any]) -> tuple[str, ...]:
    shown = (("accuracy", percent), ("answer_nll", number), ("f1", percent))
    return tuple(show(found[name]["value"], found[name]["ci95"]) if found[name]["n"] else "" for name, show in shown)
