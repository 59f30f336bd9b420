"""How options are compared."""

from __future__ import annotations

import pytest

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.values import Option, Passage, Question, QuestionSet
from jmlr_cli.evaluation.options import compared, least, neutral
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import Settings
from jmlr_plugins.generators.causal_lm import CausalLMGenerator

QUESTION = Question(
    "1", "What treats gout?", (Option("A", "Colchicine"), Option("B", "Permethrin"), Option("C", "A blood film")), "A"
)


def test_each_normalisation_is_its_formula():
    sums, tokens, apart = [6.0, 4.0, 9.0], [3, 1, 9], [5.0, 1.0, 9.5]
    assert compared("sum", sums, tokens) == (6, 4, 9)
    assert compared("mean", sums, tokens) == (2, 4, 1)
    assert compared("pmi", sums, tokens, apart) == (1, 3, -0.5)
    assert [least(compared(way, sums, tokens, apart)) for way in ("sum", "mean", "pmi")] == [1, 2, 2]
    assert least([1.0, 1.0]) == 0


def test_pmi_subtracts_what_an_option_costs_when_nothing_was_asked(decoder):
    llama = CausalLMGenerator(GeneratorConfig(plugin="causal-lm", model=str(decoder), dtype="float32"))
    read = Passage("p", "d", "", "Colchicine treats an acute attack of gout.", 0)
    [result] = evaluate_questions(
        QuestionSet("set", (QUESTION,)),
        llama,
        mode="oracle",
        settings=Settings(normalise="pmi", answer_style="text"),
        gold=lambda question: [read],
    ).results
    texts = [option.text for option in QUESTION.options]
    asked = llama.option_scores(llama.render(QUESTION, [read], list_options=False), texts)
    bare = llama.render(neutral(QUESTION), [], list_options=False)
    assert "gout" not in bare.text
    assert bare.text.endswith(llama.render(QUESTION, [], list_options=False).text[-len("Correct Answer:") :])
    apart = llama.option_scores(bare, texts)
    assert result.nlls == pytest.approx([a.nll_sum - b.nll_sum for a, b in zip(asked, apart, strict=True)], abs=1e-4)
    assert result.neutral_nlls == pytest.approx([score.nll_sum for score in apart], rel=1e-5)
    assert result.answer_nll == pytest.approx(asked[0].nll_mean, rel=1e-5)


def test_only_pmi_reads_the_neutral_context(decoder):
    llama = CausalLMGenerator(GeneratorConfig(plugin="causal-lm", model=str(decoder), dtype="float32"))
    [result] = evaluate_questions(QuestionSet("set", (QUESTION,)), llama, settings=Settings(normalise="mean")).results
    assert result.neutral_nlls == ()
    assert result.nlls == pytest.approx([n / t for n, t in zip(result.option_nlls, result.option_tokens, strict=True)])
