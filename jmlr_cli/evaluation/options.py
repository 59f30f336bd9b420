"""Which option a model prefers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jmlr_cli.contracts.values import Question
from jmlr_cli.evaluation.settings import Normalise

Numbers = Sequence[float]


def compared(normalise: Normalise, sums: Numbers, tokens: Sequence[int], neutral: Numbers = ()) -> tuple[float, ...]:
    """The number of each option whose least is chosen, from its NLL in nats over all tokens, −log p(option | question).

    ``sum`` is that NLL itself, ``mean`` divides it by the option's ``tokens`` (Brown et al. 2020, arXiv 2005.14165), and
    ``pmi`` subtracts the option's NLL after a ``neutral`` context: −log p(option | question) / p(option | neutral), the
    domain-conditional pointwise mutual information of Holtzman et al. 2021 (arXiv 2104.08315), its sign turned.
    """
    if normalise == "sum":
        return tuple(sums)
    if normalise == "mean":
        return tuple(total / count for total, count in zip(sums, tokens, strict=True))
    return tuple(total - apart for total, apart in zip(sums, neutral, strict=True))


def least(numbers: Numbers) -> int:
    """The place of the least number; of equals, the first."""
    return list(numbers).index(min(numbers))


def neutral(question: Question) -> Question:
    """The question without its words: what is left of the prompt is the template's own. Its options stay, so that the
    template ends as it does for an option question."""
    return replace(question, text="", passages=())
