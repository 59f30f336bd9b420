"""What is measured of answers: accuracy, exact match, token F1, ROUGE-L, and how sure the figures are."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

Interval = tuple[float, float]

Z95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def wilson_interval(right: int, n: int) -> Interval:
    """The 95 % interval of a proportion ``right / n`` by Wilson's score (Wilson 1927), (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def constant_difference_interval(difference: int, n: int) -> Interval:
    """The 95 % interval of the difference of two paired proportions where all ``n`` questions differ by the same −1, 0 or 1:
    Tango's score interval (Tango 1998), which has a closed form there. A bootstrap's would have no width."""
    z2 = Z95**2
    if difference == 0:
        return -z2 / (n + z2), z2 / (n + z2)
    least = (n - z2) / (n + z2)
    return (least, 1.0) if difference > 0 else (-1.0, -least)


def bootstrap_interval(values: Sequence[float], seed: int = 0, resamples: int = 2000) -> Interval:
    """The 95 % interval of the mean of ``values`` by the percentile bootstrap (Efron 1979): the 2.5 % and
    97.5 % quantiles of the means of ``resamples`` samples drawn with replacement. The seed fixes it."""
    sample, rng = np.asarray(values, dtype=np.float64), np.random.default_rng(seed)
    means = [sample[rng.integers(0, sample.size, sample.size)].mean() for _ in range(resamples)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def macro_interval(groups: Sequence[Sequence[float]], seed: int = 0, resamples: int = 2000) -> Interval:
    """The 95 % interval of the mean of the groups' means by the stratified percentile bootstrap (Efron & Tibshirani 1993):
    each group is resampled by itself. The seed fixes it."""
    rng, samples = np.random.default_rng(seed), [np.asarray(group, dtype=np.float64) for group in groups]
    means = [np.mean([drawn[rng.integers(0, drawn.size, drawn.size)].mean() for drawn in samples]) for _ in range(resamples)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def exact_match(given: str, answer: str) -> float:
    """1 when the two are the same text after SQuAD's normalisation, otherwise 0 (Rajpurkar et al. 2016)."""
    return float(_normalised(given) == _normalised(answer))


def token_f1(given: str, answer: str) -> float:
    """The harmonic mean of precision and recall of the normalised tokens that both share, as SQuAD counts
    them (Rajpurkar et al. 2016); when one has no tokens, whether the other has none either."""
    found, right = _normalised(given).split(), _normalised(answer).split()
    if not found or not right:
        return float(found == right)
    shared = sum((Counter(found) & Counter(right)).values())
    return 2 * shared / (len(found) + len(right))


def rouge_l(given: str, answer: str) -> float:
    """The F-measure of the longest common subsequence of words (Lin 2004), as Google's rouge-score counts it: lower-case
    words of ASCII letters and digits, stemmed."""
    return float(rouge_scorer().score(answer, given)["rougeL"].fmeasure)


def rouge_precision(sentence: str, text: str) -> float:
    """ROUGE-L's precision: the share of a sentence's words that stand in a text, in the same order."""
    return float(rouge_scorer().score(text, sentence)["rougeL"].precision)


@lru_cache(maxsize=1)
def rouge_scorer() -> RougeScorer:
    """ROUGE-L, loaded once."""
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)


def _normalised(text: str) -> str:
    """Lower case, without punctuation, articles and extra white space: SQuAD's normalisation."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())
