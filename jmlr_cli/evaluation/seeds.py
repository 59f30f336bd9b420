"""Means over seeds and questions, with intervals that hold for other seeds and other questions.

A system trained with R seeds and asked n questions gives a table of values, (R, n). Seeds and questions are both samples:
``x_rq = mean + seed_r + question_q + noise_rq``, two-way random effects without replication (Searle, Casella & McCulloch 1992,
chapter 4). A bootstrap that draws from three seeds is too narrow where seeds matter, so Student's t is used, with Satterthwaite's
degrees of freedom (Satterthwaite 1946), as studies with several readers and cases are evaluated in radiology (Hillis 2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from jmlr_cli.evaluation.metrics import Interval


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its standard error and the degrees of freedom of that error."""

    value: float
    error: float
    freedom: float

    @property
    def ci95(self) -> Interval:
        """The 95 % interval by Student's t."""
        half = float(student.ppf(0.975, self.freedom)) * self.error if self.error else 0.0
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """Two-sided p that the mean is 0."""
        if not self.error:
            return 1.0 if self.value == 0 else 0.0
        return float(2 * student.sf(abs(self.value) / self.error, self.freedom))


@dataclass(frozen=True, slots=True)
class _Part:
    """What one source adds to the variance of a mean: ``added``, estimated from a mean square that is worth ``measured``
    and has ``freedom`` degrees of freedom."""

    added: float
    measured: float
    freedom: int


def mean_over_seeds(values: np.ndarray) -> Estimate:
    """The mean of ``values`` (R, n), R > 1 seeds by n > 1 questions."""
    return _estimate(float(values.mean()), [_questions(values.mean(axis=0)), _seeds(values)])


def difference_over_seeds(a: np.ndarray, b: np.ndarray) -> Estimate:
    """The mean of ``a`` (R_a, n) less that of ``b`` (R_b, n) on the same n > 1 questions. The two systems' seeds are taken as
    independent. One run alone (R = 1) tells nothing of its seeds, and adds no variance for them."""
    differences = a.mean(axis=0) - b.mean(axis=0)
    parts = [_seeds(values) for values in (a, b) if len(values) > 1]
    return _estimate(float(differences.mean()), [_questions(differences), *parts])


def _questions(means: np.ndarray) -> _Part:
    """What the choice of questions adds, with the noise; ``means`` (n,) are over seeds."""
    variance = float(means.var(ddof=1)) / means.size
    return _Part(variance, variance, means.size - 1)


def _seeds(values: np.ndarray) -> _Part:
    """What the choice of seeds adds beside the noise, which the questions' part holds already. The noise can exceed
    what is measured; then nothing is added."""
    seeds, questions = values.shape
    means = values.mean(axis=1)
    measured = float(means.var(ddof=1)) / seeds
    residuals = values - means[:, None] - values.mean(axis=0)[None, :] + values.mean()
    noise = float((residuals**2).sum()) / ((seeds - 1) * (questions - 1)) / values.size
    added = max(0.0, measured - noise)
    return _Part(added, measured if added else 0.0, seeds - 1)


def _estimate(value: float, parts: list[_Part]) -> Estimate:
    """Satterthwaite's degrees of freedom: the square of the variance over ``Σ measured² / freedom``."""
    variance = sum(part.added for part in parts)
    spread = sum(part.measured**2 / part.freedom for part in parts)
    return Estimate(value, math.sqrt(variance), variance**2 / spread if spread else math.inf)
