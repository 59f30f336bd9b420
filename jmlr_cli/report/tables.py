"""The tables of a report: figures as texts, one row a system or a pair of systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jmlr_cli.report.kept import Kept

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` are headings, the first ``names`` of them of texts and the others of figures; ``rows`` have a text a column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a record: its heading, its key and that of its interval (with dots where they are deeper down), what it is
    multiplied by, and its decimals."""

    heading: str
    key: str
    bounds: str = ""
    factor: float = 1
    digits: int = 3

    def cell(self, record: Record) -> str:
        """The figure with its interval; "" when it is not known."""
        return with_interval(self.value(record), _inside(record, self.bounds), self.factor, self.digits)

    def value(self, record: Record) -> float | None:
        """The figure itself; None when it is not known."""
        return _inside(record, self.key)


MEASURES = (
    Measure("questions", "n", digits=0),
    Measure("accuracy, %", "accuracy", "ci95", 100, 1),
    Measure("macro average over subsets, %", "macro.accuracy", "macro.ci95", 100, 1),
    Measure("ECE", "calibration.ece"),
    Measure("answer NLL, nats a token", "answer_nll", "answer_nll_ci95"),
    Measure("exact match, %", "exact_match", "", 100, 1),
    Measure("token F1, %", "f1", "f1_ci95", 100, 1),
    Measure("ROUGE-L, %", "rouge_l", "rouge_l_ci95", 100, 1),
    Measure("rank agreement", "rank_agreement.value", "rank_agreement.ci95"),
)
COUNTS = (
    Measure("answers without an option", "unparsable", digits=0),
    Measure("prompts with passages cut", "truncated", digits=0),
    Measure("questions too long", "unfit", digits=0),
)
"""Figures that are shown only where one is not 0."""

SECONDS = Measure("seconds", "seconds", digits=1)
PERCENT = ("accuracy", "exact_match", "f1", "rouge_l")
"""The metrics of comparisons that are shares."""


def systems_table(evaluations: Sequence[Kept]) -> Table:
    """The figures of each evaluation: those that any of them has."""
    records = [each.record for each in evaluations]
    told = [measure for measure in MEASURES if any(measure.value(record) is not None for record in records)]
    counted = [measure for measure in COUNTS if any(measure.value(record) for record in records)]
    found = {measure.heading: [measure.cell(record) for record in records] for measure in told}
    found |= {name: [with_interval(each, None) for each in values] for name, values in _retrieval(records).items()}
    found |= {measure.heading: [measure.cell(record) for record in records] for measure in (*counted, SECONDS)}
    names = [(f"S{number}", each.name, each.mode) for number, each in enumerate(evaluations, start=1)]
    return Table(("", "evaluation", "mode", *found), tuple(zip(*zip(*names, strict=True), *found.values(), strict=True)), 3)


def compared_table(comparison: Record) -> Table:
    """The systems of a comparison, each over all of its runs, by every measure that was compared."""
    systems = comparison.get("systems", ())
    figures = [
        each.get("measures") or {"accuracy": {"value": each.get("accuracy"), "ci95": each.get("ci95")}} for each in systems
    ]
    names = dict.fromkeys(name for each in figures for name in each)
    rows = tuple(
        (
            *(str(system.get(key) or "") for key in ("name", "mode", "recipe")),
            ", ".join(map(str, system.get("seeds") or ())),
            *(_compared(name, own.get(name) or {}) for name in names),
        )
        for system, own in zip(systems, figures, strict=True)
    )
    return Table(("system", "mode", "recipe", "seeds", *map(_heading, names)), rows, 4)


def pairs_table(comparison: Record) -> Table:
    """The pairs of a comparison: how each differs, and how sure that is."""
    columns = (
        "first", "second", "metric", "questions", "both right", "first only", "second only", "neither",
        "difference, first less second", "p", "p, Holm", "effect size",
    )  # fmt: skip
    return Table(columns, tuple(map(_pair, comparison.get("pairs", ()))), 3)


def with_interval(value: float | None, bounds: Sequence[float] | None, factor: float = 1, digits: int = 3) -> str:
    """A figure, and its interval where there is one: ``71.7 [62.9, 79.0]``."""
    if value is None:
        return ""
    interval = f" [{', '.join(f'{bound * factor:.{digits}f}' for bound in bounds)}]" if bounds else ""
    return f"{value * factor:.{digits}f}{interval}"


def _compared(metric: str, figure: Record) -> str:
    return with_interval(figure.get("value"), figure.get("ci95"), *_scale(metric))


def _heading(metric: str) -> str:
    """A metric as a heading: ``accuracy, %``."""
    return metric.replace("_", " ").replace("nll", "NLL") + (", %" if metric in PERCENT else "")


def _scale(metric: str) -> tuple[float, int]:
    """What a metric's figures are multiplied by, and their decimals."""
    return (100, 1) if metric in PERCENT else (1, 3)


def _pair(pair: Record) -> tuple[str, ...]:
    metric = str(pair.get("metric", "accuracy"))
    return (
        *(str(pair.get(key, "")) for key in ("a", "b")),
        _heading(metric),
        *(with_interval(pair.get(key), None, digits=0) for key in ("n", "both", "only_a", "only_b", "neither")),
        with_interval(pair.get("difference"), pair.get("ci95"), *_scale(metric)),
        *(_probability(pair.get(key)) for key in ("p", "p_holm")),
        " ".join(filter(None, (with_interval(pair.get("effect"), None), str(pair.get("effect_name") or "")))),
    )


def _probability(p: float | None) -> str:
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _inside(record: Record, path: str) -> Any:
    """What stands in a record under a key, or under several joined by dots; None where there is nothing."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _retrieval(records: Iterable[Record]) -> dict[str, list[float | None]]:
    """The retrieval measures that any record has, by name."""
    found = [record.get("retrieval") or {} for record in records]
    names = dict.fromkeys(name for each in found for name in each if name != "n")
    return {name: [each.get(name) for each in found] for name in names}
