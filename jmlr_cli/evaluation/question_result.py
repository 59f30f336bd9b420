"""What came of one question."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contrast:
    """A measure of the passages that an answer cites, and of those that it read and does not cite; None without any."""

    cited: float | None = None
    uncited: float | None = None


@dataclass(frozen=True, slots=True)
class Citations:
    """What the citations of one written answer are worth.

    ``sentences`` counts those that say anything, ``cited_sentences`` those with a citation, ``cited`` holds the ids of the
    cited passages. ``overlap`` is the share of a sentence's content words in a passage, ``rouge_l`` ROUGE-L's precision,
    both means over pairs of a sentence and a passage; ``nll_rise`` is what the answer's NLL rises (nats a token) when a
    passage is taken out of the prompt, for each of ``passages`` in ``nll_rises``.
    """

    sentences: int
    cited_sentences: int
    cited: tuple[str, ...]
    overlap: Contrast
    rouge_l: Contrast
    nll_rise: Contrast
    nll_rises: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came of one question: all that the figures are computed from.

    ``chosen`` and ``right`` are option labels; ``correct`` is None for a free-text question. ``nlls`` are the
    options' numbers as they were compared, made of ``option_nlls`` (nats over all of an option's tokens), ``option_tokens``
    (how many) and ``neutral_nlls`` (nats after the neutral context, where that counts). ``answer_nll`` is the right
    answer's, in nats per token, of which it has ``answer_tokens``. ``passages`` are the ids of those read, worst first.
    ``pool`` holds the ids of the passages over which ``rank_agreement`` was measured, best first, with the retriever's
    scores and the answer's NLL given each alone. ``error`` says why nothing was measured, and is "" otherwise.
    """

    id: str
    subset: str = ""
    chosen: str | None = None
    right: str | None = None
    correct: bool | None = None
    nlls: tuple[float, ...] = ()
    option_nlls: tuple[float, ...] = ()
    option_tokens: tuple[int, ...] = ()
    neutral_nlls: tuple[float, ...] = ()
    answer_nll: float | None = None
    answer_tokens: int = 0
    generated: str | None = None
    exact_match: float | None = None
    f1: float | None = None
    rouge_l: float | None = None
    passages: tuple[str, ...] = ()
    gold_rank: int | None = None
    pool: tuple[str, ...] = ()
    pool_scores: tuple[float, ...] = ()
    pool_nlls: tuple[float, ...] = ()
    rank_agreement: float | None = None
    citations: Citations | None = None
    cut_tokens: int = 0
    error: str = ""
