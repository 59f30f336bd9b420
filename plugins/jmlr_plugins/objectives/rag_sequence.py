"""One likelihood for both models: the answer's, marginalised over the drawn passages."""

from __future__ import annotations

from typing import ClassVar, Literal

from jmlr_plugins.objectives.emdr2 import EMDR2


class RAGSequence(EMDR2):
    """``L = −log Σ_d softmax(s)_d · p(a | q, d)`` (Lewis et al. 2020, arXiv 2005.11401, section 2.1).

    p is the probability of the whole answer with its end, ``Π_t p(a_t | q, d, a_<t)``, and the gradient reaches both
    models: there is no ``L_LM`` beside it. The sum is over the drawn passages, and the prior over those alone.
    """

    answer_reduction: ClassVar[Literal["mean", "sum"]] = "sum"
    trains_generator: ClassVar[bool] = True
