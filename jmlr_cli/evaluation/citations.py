"""Whether the passages that an answer cites are those that support it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from jmlr_cli.answering.citations import cited_sentences, uncited, word_overlap
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Hit, Passage, Question
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.metrics import rouge_precision
from jmlr_cli.evaluation.question_result import Citations, Contrast, QuestionResult
from jmlr_cli.evaluation.settings import Settings
from jmlr_cli.evaluation.sheets import answered
from jmlr_cli.evaluation.sources import Source


@dataclass(frozen=True, slots=True)
class Cited:
    """A written answer beside what it was written from: its sentences with the ranks cited for each, and the passages by rank."""

    text: str
    sentences: list[tuple[str, list[int]]]
    passages: dict[int, Passage]

    @property
    def ranks(self) -> set[int]:
        """All that is cited, for whichever sentence."""
        return {rank for _, ranks in self.sentences for rank in ranks}


def with_citations(
    results: Sequence[QuestionResult],
    questions: Sequence[Question],
    sources: Sequence[Source],
    generator: Generator,
    settings: Settings,
) -> list[QuestionResult]:
    """The results, those of free-text questions whose answer was written from passages with what its citations are worth."""
    return [_measured(*parts, generator, settings) for parts in zip(results, questions, sources, strict=True)]


def _measured(
    result: QuestionResult, question: Question, source: Source, generator: Generator, settings: Settings
) -> QuestionResult:
    text = uncited(result.generated or "").strip()  # a model may write marks of its own; `ask` removes them, too
    if question.options or not text or not source.passages:
        return result
    hits = [Hit(rank, 0.0, passage) for rank, passage in enumerate(reversed(source.passages), start=1)]
    cited = Cited(text, cited_sentences(text, hits), {hit.rank: hit.passage for hit in hits})
    rises = _nll_rises(cited, question, generator, settings)
    found = Citations(
        sentences=len(cited.sentences),
        cited_sentences=sum(bool(ranks) for _, ranks in cited.sentences),
        cited=tuple(passage.id for rank, passage in cited.passages.items() if rank in cited.ranks),
        overlap=_contrast(cited, word_overlap),
        rouge_l=_contrast(cited, rouge_precision),
        nll_rise=_split(rises, cited.ranks),
        nll_rises=tuple(reversed(rises.values())),
    )
    return replace(result, citations=found)


def _contrast(cited: Cited, measure: Callable[[str, str], float]) -> Contrast:
    """A measure of sentence and passage, averaged over the pairs that are cited, and over those that are not. A sentence
    without citations is left out: there is nothing to compare."""
    pairs = [
        (rank in ranks, measure(sentence, passage.content))
        for sentence, ranks in cited.sentences
        if ranks
        for rank, passage in cited.passages.items()
    ]
    return Contrast(*(_mean([value for known, value in pairs if known == side]) for side in (True, False)))


def _split(values: dict[int, float], ranks: set[int]) -> Contrast:
    """The mean of the values of cited ranks, and of the others; neither where nothing is cited."""
    if not ranks:
        return Contrast()
    return Contrast(*(_mean([value for rank, value in values.items() if (rank in ranks) == side]) for side in (True, False)))


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _nll_rises(cited: Cited, question: Question, generator: Generator, settings: Settings) -> dict[int, float]:
    """By how many nats a token the answer's NLL rises when the passage of a rank is taken out of the prompt; nothing
    where the generator tells no likelihoods, or the answer does not fit beside the question."""
    if not generator.scores_likelihood:
        return {}
    worst_first = sorted(cited.passages, reverse=True)
    kept = [worst_first, *([other for other in worst_first if other != rank] for rank in cited.passages)]
    try:
        prompts = [
            answered(question, [cited.passages[rank] for rank in ranks], cited.text, generator, settings) for ranks in kept
        ]
    except InputError:
        return {}
    whole, *without = [score.nll_mean for score in generator.answer_scores(prompts)]
    return {rank: nll - whole for rank, nll in zip(cited.passages, without, strict=True)}
