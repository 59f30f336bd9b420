"""How a comparison looks on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from rich.markup import escape

from jmlr_cli import console
from jmlr_cli.commands.show import number, percent, print_table
from jmlr_cli.comparison.measures import MEASURES
from jmlr_cli.workspace import Workspace

TITLES = {"answer_nll": "answer NLL", "exact_match": "exact match", "f1": "token F1"}
SHARES = ("accuracy", "exact_match", "f1", "R@1", "R@5", "R@20")
"""Metrics that are shown in per cent, and their differences in percentage points."""
AT_ONCE = 2
"""How many metrics stand side by side, so that a table fits 80 columns."""


def show_comparison(record: dict[str, Any]) -> None:
    """The systems, then the pairs, then what to know."""
    names = list(dict.fromkeys(name for system in record["systems"] for name in system["metrics"]))
    letters = {system["name"]: _letter(place) for place, system in enumerate(record["systems"])}
    title = f"{record['task']}, {record['n']} questions"
    while names:
        some, names = names[:AT_ONCE], names[AT_ONCE:]
        rows = [row for system in record["systems"] for row in _system_rows(letters, system, some)]
        print_table(title, ("", "system", "mode", *(f"{_title(name)} [95 %]" for name in some)), rows)
        console.out().print()
        title = ""
    rows = [_pair_row(letters, pair) for pair in record["pairs"]]
    print_table("", ("pair", "metric", "difference [95 %]", "p", "Holm", "effect", "changed"), rows)
    _explain(record)


def _letter(place: int) -> str:
    return f"{ascii_uppercase[place % 26]}{place // 26 or ''}"


def _title(name: str) -> str:
    return f"{TITLES.get(name, name)}{', %' if name in SHARES else ''}"


def _system_rows(letters: dict[str, str], system: dict[str, Any], names: Sequence[str]) -> list[tuple[str, ...]]:
    """A system's row, and below it one for each seed when there are several."""
    found = [system["metrics"].get(name) for name in names]
    means = [_shown(name, each) if each else "-" for name, each in zip(names, found, strict=True)]
    rows = [(letters[system["name"]], system["name"], system["mode"], *means)]
    for place, seed in enumerate(system["seeds"] if len(system["seeds"]) > 1 else ()):
        values = [_value(name, each["by_run"][place]) if each else "-" for name, each in zip(names, found, strict=True)]
        rows.append(("", f"  seed {seed}", "", *values))
    return rows


def _shown(name: str, figure: dict[str, Any]) -> str:
    return (percent if name in SHARES else number)(figure["value"], figure["ci95"])


def _value(name: str, value: float) -> str:
    return f"{value * 100:.1f}" if name in SHARES else f"{value:.3f}"


def _pair_row(letters: dict[str, str], pair: dict[str, Any]) -> tuple[str, ...]:
    name, (low, high) = pair["metric"], pair["ci95"]
    form = (lambda value: f"{value * 100:+.1f}") if name in SHARES else (lambda value: f"{value:+.3f}")
    return (
        f"{letters[pair['a']]} − {letters[pair['b']]}",
        TITLES.get(name, name),
        f"{form(pair['difference'])} [{form(low)}, {form(high)}]",
        _p(pair["p"]),
        _p(pair["p_holm"]),
        "-" if pair["effect"] is None else f"{pair['effect']:+.2f}",
        "" if pair["both"] is None else f"{pair['only_a']} : {pair['only_b']}",
    )


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _explain(record: dict[str, Any]) -> None:
    pairs = record["pairs"]
    tests = " and ".join(dict.fromkeys(pair["test"] for pair in pairs))
    effects = " and ".join(dict.fromkeys(pair["effect_name"] for pair in pairs))
    lower = [_title(name) for name in dict.fromkeys(pair["metric"] for pair in pairs) if not MEASURES[name].higher]
    points = ", in points where the metric is in %" if any(pair["metric"] in SHARES for pair in pairs) else ""
    less = f"; less {lower[0]} is better" if lower else ""
    lines = [
        f"difference: the first less the second{points}{less}. changed: questions right in the first alone : in the second.",
        f"p: {tests}; Holm: corrected over all {len(pairs)} rows. effect: {effects}.",
    ]
    for line in lines:
        console.out().print(f"[dim]{escape(line)}[/dim]")
    for warning in record["warnings"]:
        console.out().print(f"[yellow]note[/yellow] {escape(warning)}")
    kept = Workspace.current().comparisons / f"{record['comparison']}.json"
    console.out().print(f"kept, with the questions that changed: {kept}", soft_wrap=True, markup=False)
