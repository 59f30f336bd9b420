"""The tables of a report: figures as texts, one row a system or a pair of systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jmlr_cli.report.figures import Bounds, Comparison, Figures, Mean, Pair, System
from jmlr_cli.report.kept import Evaluation


@dataclass(frozen=True, slots=True)
class Table:
    """``columns`` are headings, the first ``names`` of them of texts and the others of figures; ``rows`` have a text a column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A column: its heading, how a figure and its interval are read, what both are multiplied by, and their decimals."""

    heading: str
    read: Callable[[Figures], tuple[float | None, Bounds | None]]
    factor: float = 1
    digits: int = 3

    def cells(self, figures: Sequence[Figures]) -> list[str]:
        """The column's texts, "" where a figure is not known."""
        return [with_interval(*self.read(each), self.factor, self.digits) for each in figures]


MEASURES = (
    Measure("questions", lambda of: (of.n, None), digits=0),
    Measure("accuracy, %", lambda of: (of.accuracy, of.ci95), 100, 1),
    Measure("macro average over subsets, %", lambda of: (of.macro.accuracy, of.macro.ci95) if of.macro else (None, None), 100, 1),
    Measure("ECE", lambda of: (of.calibration.ece if of.calibration else None, None)),
    Measure("answer NLL, nats a token", lambda of: (of.answer_nll, of.answer_nll_ci95)),
    Measure("exact match, %", lambda of: (of.exact_match, None), 100, 1),
    Measure("token F1, %", lambda of: (of.f1, of.f1_ci95), 100, 1),
    Measure("ROUGE-L, %", lambda of: (of.rouge_l, of.rouge_l_ci95), 100, 1),
    Measure(
        "rank agreement", lambda of: (of.rank_agreement.value, of.rank_agreement.ci95) if of.rank_agreement else (None, None)
    ),
)
"""Figures that are shown where any system has one."""

COUNTS = (
    Measure("answers without an option", lambda of: (of.unparsable or None, None), digits=0),
    Measure("prompts with passages cut", lambda of: (of.truncated or None, None), digits=0),
    Measure("questions too long", lambda of: (of.unfit or None, None), digits=0),
    Measure("seconds", lambda of: (of.seconds, None), digits=1),
)
"""The last columns; a count of 0 is left out."""

PERCENT = ("accuracy", "exact_match", "f1", "rouge_l")
"""The metrics of comparisons that are shown as percentages."""


def systems_table(evaluations: Sequence[Evaluation]) -> Table:
    """The figures of each evaluation: those that any of them has."""
    figures = [each.figures for each in evaluations]
    retrieval = dict.fromkeys(name for each in figures for name in each.retrieval if name != "n")
    columns = {measure.heading: measure.cells(figures) for measure in MEASURES}
    columns |= {name: [with_interval(each.retrieval.get(name)) for each in figures] for name in retrieval}
    columns |= {measure.heading: measure.cells(figures) for measure in COUNTS}
    known = {heading: cells for heading, cells in columns.items() if any(cells)}
    rows = zip(*known.values(), strict=True)
    names = [(f"S{number}", each.name, each.mode) for number, each in enumerate(evaluations, start=1)]
    return Table(("", "evaluation", "mode", *known), tuple((*name, *row) for name, row in zip(names, rows, strict=True)), 3)


def compared_table(comparison: Comparison, evaluations: Sequence[Evaluation]) -> Table:
    """The systems of a comparison, each over all of its runs, by every metric that was compared; and which of the page's
    ``evaluations`` each was made of."""
    numbers = {each.name: f"S{number}" for number, each in enumerate(evaluations, start=1)}
    figures = [each.metrics or {"accuracy": Mean(value=each.accuracy, ci95=each.ci95)} for each in comparison.systems]
    metrics = dict.fromkeys(name for each in figures for name in each)
    cells = [[_figure(name, each.get(name, Mean())) for name in metrics] for each in figures]
    made_of = [", ".join(numbers[name] for name in each.evaluations if name in numbers) for each in comparison.systems]
    rows = tuple((*_named(each), *parts, *own) for each, own, *parts in zip(comparison.systems, cells, made_of, strict=True))
    return Table(("system", "mode", "recipe", "seeds", "made of", *map(_heading, metrics)), rows, 5)


def pairs_table(comparison: Comparison) -> Table:
    """The pairs of a comparison: how each differs, and how sure that is."""
    columns = (
        "first", "second", "metric", "questions", "both right", "first only", "second only", "neither",
        "difference, first less second", "p", "p, Holm", "effect size",
    )  # fmt: skip
    return Table(columns, tuple(map(_pair, comparison.pairs)), 3)


def with_interval(value: float | None, bounds: Bounds | None = None, factor: float = 1, digits: int = 3) -> str:
    """A figure, and its interval where there is one: ``71.7 [62.9, 79.0]``. "" without a figure."""
    if value is None:
        return ""
    interval = f" [{', '.join(f'{bound * factor:.{digits}f}' for bound in bounds)}]" if bounds else ""
    return f"{value * factor:.{digits}f}{interval}"


def _named(system: System) -> tuple[str, ...]:
    return system.name, system.mode, system.recipe or "", ", ".join(str(seed) for seed in system.seeds if seed is not None)


def _figure(metric: str, mean: Mean) -> str:
    return with_interval(mean.value, mean.ci95, *_scale(metric))


def _heading(metric: str) -> str:
    """A metric as a heading: ``accuracy, %``."""
    return metric.replace("_", " ").replace("nll", "NLL") + (", %" if metric in PERCENT else "")


def _scale(metric: str) -> tuple[float, int]:
    """What a metric's figures are multiplied by, and their decimals."""
    return (100, 1) if metric in PERCENT else (1, 3)


def _pair(pair: Pair) -> tuple[str, ...]:
    counts = (pair.n, pair.both, pair.only_a, pair.only_b, pair.neither)
    return (
        pair.a,
        pair.b,
        _heading(pair.metric),
        *(with_interval(count, digits=0) for count in counts),
        with_interval(pair.difference, pair.ci95, *_scale(pair.metric)),
        _probability(pair.p),
        _probability(pair.p_holm),
        f"{with_interval(pair.effect)} {pair.effect_name}".strip() if pair.effect is not None else "",
    )


def _probability(p: float | None) -> str:
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
