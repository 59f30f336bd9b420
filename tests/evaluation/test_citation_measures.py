"""Whether an answer cites the passages that support it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jmlr_cli.answering.citations import cited_sentences, word_overlap
from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Hit, Option, Passage, Prompt, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import Settings
from jmlr_plugins.generators.causal_lm import CausalLMGenerator

GOUT = Passage("gout", "gout.md", "", "Colchicine treats an acute attack of gout.", 0)
SKIN = Passage("skin", "scabies.md", "", "Permethrin cream is put on the skin in scabies.", 0)
QUESTION = Question("q", "What treats gout?", answer="Colchicine.")


class Scripted(CausalLMGenerator):
    """A real tiny Llama that likelihoods come from, and whose written answer is given."""

    says = "An acute attack of gout is treated with colchicine. Nobody knows why."

    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        return [self.says for _ in prompts]


@pytest.fixture
def llama(decoder) -> Scripted:
    return Scripted(GeneratorConfig(plugin="causal-lm", model=str(decoder), dtype="float32"))


def measured(llama, question: Question = QUESTION, passages=(SKIN, GOUT)):
    """The evaluation of a question that is answered from these passages, the best last."""
    found = [Hit(rank, 1 / rank, passage) for rank, passage in enumerate(reversed(passages), start=1)]
    settings = Settings(k=2, citations=True)
    questions = QuestionSet("set", (question,))
    return evaluate_questions(questions, llama, mode="rag", settings=settings, retrieve=lambda questions: [found])


def test_the_sentences_of_an_answer_come_with_what_they_cite():
    found = [Hit(1, 1.0, GOUT), Hit(2, 0.5, SKIN)]
    assert cited_sentences("Colchicine treats gout. It is so.\nUse a cream on skin!", found) == [
        ("Colchicine treats gout.", [1]),
        ("Use a cream on skin!", [2]),
    ]
    assert word_overlap("Colchicine treats pain", GOUT.text) == pytest.approx(2 / 3)
    assert word_overlap("It is.", GOUT.text) == 0


def test_the_cited_passage_holds_more_of_the_sentence_than_the_uncited_one(llama):
    found = measured(llama).results[0].citations
    assert (found.sentences, found.cited_sentences, found.cited) == (2, 1, ("gout",))
    # of the cited sentence's content words acute, attack, gout, treated, colchicine four stand in the gout passage
    assert (found.overlap.cited, found.overlap.uncited) == (pytest.approx(4 / 5), 0)
    # stemmed words in the same order: an acute attack of gout (5 of 9); is ... in the other: "is" alone
    assert (found.rouge_l.cited, found.rouge_l.uncited) == (pytest.approx(5 / 9), pytest.approx(1 / 9))


def test_marks_that_the_model_writes_itself_count_for_nothing(llama):
    plain = measured(llama).results[0].citations
    llama.says = "An acute attack of gout is treated with colchicine [2]. Nobody knows why [1][2]."
    assert measured(llama).results[0].citations == plain


def test_the_nll_rise_is_that_of_the_prompt_without_the_passage(llama):
    result = measured(llama).results[0]
    prompts = [llama.render(QUESTION, read, llama.says) for read in ([SKIN, GOUT], [GOUT], [SKIN])]
    whole, without_skin, without_gout = (score.nll_mean for score in llama.answer_scores(prompts))
    assert result.passages == ("skin", "gout")
    assert result.citations.nll_rises == pytest.approx((without_skin - whole, without_gout - whole), abs=1e-5)
    assert result.citations.nll_rise.cited == pytest.approx(without_gout - whole, abs=1e-5)
    assert result.citations.nll_rise.uncited == pytest.approx(without_skin - whole, abs=1e-5)


def test_the_figures_are_paired_differences_over_answers(llama):
    told = measured(llama).as_json()["citations"]
    assert (told["answers"], told["cited_answers"], told["cited_sentences"]) == (1, 1, 0.5)
    assert told["overlap"]["difference"] == pytest.approx(told["overlap"]["cited"] - told["overlap"]["uncited"])
    assert told["nll_rise"]["n"] == 1


def test_an_answer_without_a_citation_counts_and_compares_nothing(llama):
    llama.says = "Nobody knows why."
    told = measured(llama).as_json()["citations"]
    assert (told["answers"], told["cited_answers"], told["cited_sentences"]) == (1, 0, 0)
    assert told["overlap"] == {"n": 0, "cited": None, "uncited": None, "difference": None, "ci95": None}


def test_only_written_free_text_answers_have_citations(llama):
    llama.says = "  "
    assert measured(llama).results[0].citations is None
    options = Question("o", "What treats gout?", (Option("A", "Colchicine"), Option("B", "Zinc")), "A")
    with pytest.raises(InputError, match="citations are measured of free-text answers"):
        measured(llama, options)
    with pytest.raises(InputError, match="citations are measured of free-text answers"):
        evaluate_questions(QuestionSet("set", (QUESTION,)), llama, settings=Settings(citations=True))
