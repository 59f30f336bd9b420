"""The figures of an evaluation and of a comparison, as far as a report shows them; what else a record holds is passed over."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

Bounds = tuple[float, float]


class Shown(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(frozen=True)


class Group(Shown):
    """The accuracy in a subset, or over all questions, with its 95 % interval."""

    accuracy: float | None = None
    ci95: Bounds | None = None


class Bin(Shown):
    """The answers of about one confidence, and how many of them are right."""

    confidence: float
    accuracy: float
    ci95: Bounds


class Calibration(Shown):
    """The expected calibration error, and the bins that it comes from."""

    ece: float
    bins: tuple[Bin, ...] = Field(min_length=1)


class Mean(Shown):
    """A mean with its 95 % interval."""

    value: float | None = None
    ci95: Bounds | None = None


class Figures(Group):
    """What `jmlr eval` found over all questions."""

    n: int
    mode: str = ""
    subsets: dict[str, Group] = {}
    macro: Group | None = None
    calibration: Calibration | None = None
    answer_nll: float | None = None
    answer_nll_ci95: Bounds | None = None
    exact_match: float | None = None
    f1: float | None = None
    f1_ci95: Bounds | None = None
    rouge_l: float | None = None
    rouge_l_ci95: Bounds | None = None
    rank_agreement: Mean | None = None
    retrieval: dict[str, float] = {}
    unparsable: int = 0
    truncated: int = 0
    unfit: int = 0
    seconds: float | None = None


class System(Group):
    """A system of a comparison, over all of its runs. ``evaluations`` are the names of those that it was made of."""

    name: str
    mode: str = ""
    recipe: str | None = None
    seeds: tuple[int | None, ...] = ()
    evaluations: tuple[str, ...] = ()
    metrics: dict[str, Mean] = {}


class Pair(Shown):
    """Two systems of a comparison by one metric. ``changed`` are the ids of the questions that one alone has right."""

    a: str
    b: str
    metric: str = "accuracy"
    n: int | None = None
    both: int | None = None
    only_a: int | None = None
    only_b: int | None = None
    neither: int | None = None
    difference: float | None = None
    ci95: Bounds | None = None
    p: float | None = None
    p_holm: float | None = None
    effect: float | None = None
    effect_name: str = ""
    changed: tuple[str, ...] = ()


class Comparison(Shown):
    """What `jmlr compare` found."""

    task: str = ""
    systems: tuple[System, ...] = ()
    pairs: tuple[Pair, ...] = ()
    warnings: tuple[str, ...] = ()
