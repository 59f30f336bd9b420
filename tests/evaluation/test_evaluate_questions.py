"""Questions put to a real tiny Llama, with every mode and way of scoring."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Hit, Option, Part, Passage, Prompt, Question, QuestionSet
from jmlr_cli.errors import InputError
from jmlr_cli.evaluation.run import evaluate_questions
from jmlr_cli.evaluation.settings import Settings
from jmlr_cli.models.tiny import build_tiny_decoder
from jmlr_cli.questions.targets import instruction
from jmlr_plugins.generators.causal_lm import CausalLMGenerator

TEXTS = [
    "Aspirin thins the blood of adults with a recent stroke.",
    "Iron is given by mouth for anaemia, zinc for diarrhoea in children.",
    "Question: which drug? Correct Answer: heparin, given under the skin.",
]


def option_question(id: str, right: str = "B", **more) -> Question:
    options = (Option("A", "Iron given by mouth"), Option("B", "Aspirin"), Option("C", "Zinc"))
    return Question(id, f"Which drug thins the blood of patient {id}?", options, right, **more)


def passage(name: str, document: str = "d", text: str = "") -> Passage:
    return Passage(name, document, "", text or f"Passage {name} on aspirin.", 0)


def question_set(*questions: Question) -> QuestionSet:
    return QuestionSet("blood", questions)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny_decoder(tmp_path_factory.mktemp("llama"), TEXTS)


@pytest.fixture
def llama(folder) -> CausalLMGenerator:
    return CausalLMGenerator(GeneratorConfig(plugin="causal-lm", model=str(folder), dtype="float32"))


class Reciter(Generator):
    """A server that writes the next of its texts for each prompt, and tells no likelihoods."""

    def __init__(self, *texts: str) -> None:
        super().__init__(GeneratorConfig(plugin="reciter"))
        self.texts = iter(texts)

    @property
    def name(self) -> str:
        return "reciter"

    def render(self, question, passages, answer=None, *, list_options=True, instruction="") -> Prompt:
        return Prompt((Part(question.text),), answer)

    def generate(self, prompts: Sequence[Prompt], max_new_tokens: int) -> list[str]:
        return [next(self.texts) for _ in prompts]

    def stream(self, prompt: Prompt, max_new_tokens: int):
        yield next(self.texts)


def scores(llama: CausalLMGenerator, question: Question, passages: Sequence[Passage] = ()):
    """What the model itself says of the options, as text with label."""
    prompt = llama.render(question, passages, instruction=instruction(question, "option"))
    return llama.option_scores(prompt, [f"{option.label}. {option.text}" for option in question.options])


@pytest.mark.parametrize("normalise", ["mean", "sum"])
def test_the_option_of_least_nll_is_chosen(llama, normalise):
    questions = question_set(option_question("1"), option_question("2", "A"), option_question("3", "C"))
    evaluation = evaluate_questions(questions, llama, settings=Settings(normalise=normalise, batch=2))
    for question, result in zip(questions.questions, evaluation.results, strict=True):
        own = scores(llama, question)
        nlls = [score.nll_mean if normalise == "mean" else score.nll_sum for score in own]
        assert result.nlls == pytest.approx(nlls, rel=1e-4)
        assert result.chosen == "ABC"[nlls.index(min(nlls))]
        assert result.correct == (result.chosen == question.answer_label)
        assert result.answer_nll == pytest.approx(own["ABC".index(question.answer_label)].nll_mean, rel=1e-4)
    right = sum(result.correct for result in evaluation.results)
    assert evaluation.accuracy.value == right / 3


def test_normalisation_by_sum_prefers_the_short_option_by_mean_does_not_have_to(llama):
    questions = question_set(option_question("1"))
    [by_sum] = evaluate_questions(questions, llama, settings=Settings(normalise="sum")).results
    [by_mean] = evaluate_questions(questions, llama, settings=Settings(normalise="mean")).results
    assert by_sum.chosen != "A"  # of three times as many tokens as the others
    assert by_sum.nlls[0] > 2 * by_mean.nlls[0]


def test_results_are_told_one_by_one_and_counted(llama):
    told, done = [], []
    questions = question_set(*(option_question(str(n), subset="ab"[n % 2]) for n in range(5)))

    def progress(advance: int, total: int | None = None) -> None:
        done.append((advance, total))

    evaluation = evaluate_questions(questions, llama, settings=Settings(batch=2), on_result=told.append, progress=progress)
    assert tuple(told) == evaluation.results
    assert [result.id for result in told] == ["0", "1", "2", "3", "4"]
    assert done == [(2, 5), (2, 5), (1, 5)]
    assert {name: mean.n for name, mean in evaluation.subsets.items()} == {"a": 3, "b": 2}


def test_what_is_done_is_not_put_again_and_the_rest_comes_out_as_before(llama):
    questions, settings = question_set(*(option_question(str(n)) for n in range(5))), Settings(batch=2)
    whole = evaluate_questions(questions, llama, settings=settings)
    told = []
    resumed = evaluate_questions(questions, llama, settings=settings, done=whole.results[:4], on_result=told.append)
    assert [result.id for result in told] == ["4"]
    assert resumed.results == whole.results
    assert evaluate_questions(questions, llama, settings=settings, done=whole.results).results == whole.results


def test_the_macro_average_counts_each_subset_alike(llama):
    questions = [option_question(str(n), subset="large" if n else "small") for n in range(5)]
    first = evaluate_questions(question_set(*questions), llama).results
    chosen = {result.id: result.chosen for result in first}
    # the one question of the small subset answered rightly, one of the four of the large one
    right = [replace(q, answer_label=chosen[q.id] if q.id in "01" else "B" if chosen[q.id] != "B" else "C") for q in questions]
    shown = evaluate_questions(question_set(*right), llama).as_json()
    assert shown["accuracy"] == 2 / 5
    assert {name: subset["accuracy"] for name, subset in shown["subsets"].items()} == {"small": 1, "large": 0.25}
    assert (shown["macro"]["accuracy"], shown["macro"]["subsets"]) == (0.625, 2)
    assert shown["macro"]["ci95"][0] <= 0.625 <= shown["macro"]["ci95"][1]
    assert evaluate_questions(question_set(*right[1:]), llama).as_json()["macro"] is None


def test_subsets_of_free_text_have_their_own_figures(llama):
    questions = [Question(str(n), "What thins the blood?", answer="Aspirin.", subset="ab"[n % 2]) for n in range(3)]
    shown = evaluate_questions(question_set(*questions), llama, settings=Settings(max_new_tokens=3)).as_json()
    assert {name: (subset["n"], subset["accuracy"]) for name, subset in shown["subsets"].items()} == {
        "a": (2, None),
        "b": (1, None),
    }
    assert shown["subsets"]["a"]["answer_nll"] == pytest.approx(shown["answer_nll"])
    assert 0 <= shown["rouge_l"] <= 1
    assert shown["calibration"] is None


def test_the_json_has_the_given_shape(llama):
    evaluation = evaluate_questions(question_set(option_question("1", subset="a"), option_question("2", "A")), llama)
    shown = json.loads(json.dumps(evaluation.as_json(), allow_nan=False))
    assert (shown["schema"], shown["task"], shown["mode"], shown["n"]) == ("jmlr.eval/1", "blood", "closed", 2)
    low, high = shown["ci95"]
    assert 0 <= low <= shown["accuracy"] <= high <= 1
    assert shown["answer_nll_ci95"][0] <= shown["answer_nll"] <= shown["answer_nll_ci95"][1]
    assert shown["subsets"]["a"]["n"] == 1
    assert (shown["retrieval"], shown["truncated"], shown["unfit"], shown["f1"]) == ({}, 0, 0, None)
    assert shown["settings"]["normalise"] == "mean"


def test_rag_reads_the_k_best_passages_the_best_last(llama):
    found = [Hit(rank, 1 / rank, passage(f"p{rank}", "gold" if rank == 3 else "other")) for rank in range(1, 6)]
    question = option_question("1", document="gold")
    evaluation = evaluate_questions(
        question_set(question, option_question("2", document="absent"), option_question("3")),
        llama,
        mode="rag",
        settings=Settings(k=3, batch=2),
        retrieve=lambda questions: [found for _ in questions],
    )
    read = [hit.passage for hit in reversed(found[:3])]
    assert evaluation.results[0].passages == ("p3", "p2", "p1")
    assert evaluation.results[0].nlls == pytest.approx([score.nll_mean for score in scores(llama, question, read)], rel=1e-4)
    assert [result.gold_rank for result in evaluation.results] == [3, 0, None]
    # the gold document of the first question stands third: 1 / log2(3 + 1) of the best nDCG
    expected = {"nDCG@10": 0.25, "R@1": 0, "R@5": 0.5, "R@20": 0.5, "RR": 1 / 6, "n": 2}
    assert evaluation.retrieval == pytest.approx(expected)


def test_oracle_reads_the_questions_own_passages_in_their_order(llama):
    question = option_question("1", passages=(passage("background"), passage("results")))
    evaluation = evaluate_questions(question_set(question), llama, mode="oracle", settings=Settings(k=1))
    assert evaluation.results[0].passages == ("background", "results")


def test_oracle_reads_k_passages_of_the_gold_document_the_best_last(llama):
    evaluation = evaluate_questions(
        question_set(option_question("1", document="d")),
        llama,
        mode="oracle",
        settings=Settings(k=2),
        gold=lambda question: [passage("best"), passage("next"), passage("last")],
    )
    assert evaluation.results[0].passages == ("next", "best")


def test_oracle_says_how_many_questions_lack_gold(llama):
    known, unknown = option_question("1", document="known"), option_question("2", document="unknown")
    questions = question_set(known, unknown, option_question("3"))
    with pytest.raises(InputError, match="2 of the 3 questions of blood have no gold passages, the first is '2'"):
        evaluate_questions(
            questions, llama, mode="oracle", gold=lambda question: [passage("p")] if question.document == "known" else []
        )


def test_a_free_text_answer_is_scored_by_likelihood_exact_match_and_f1(llama):
    question = Question("1", "What thins the blood?", answer="Aspirin thins the blood.")
    [result] = evaluate_questions(question_set(question), llama, settings=Settings(max_new_tokens=6)).results
    [own] = llama.answer_scores([llama.render(question, (), question.answer)])
    assert result.answer_nll == pytest.approx(own.nll_mean, rel=1e-4)
    assert (result.correct, result.chosen) == (None, None)
    assert result.generated is not None
    assert 0 <= result.f1 <= 1
    [silent] = evaluate_questions(question_set(question), llama, settings=Settings(generate=False)).results
    assert (silent.generated, silent.f1, silent.answer_nll) == (None, None, result.answer_nll)


def test_free_text_and_option_questions_may_stand_in_one_set(llama):
    questions = question_set(Question("1", "What thins the blood?", answer="Aspirin."), option_question("2"))
    evaluation = evaluate_questions(questions, llama, settings=Settings(max_new_tokens=4))
    assert (evaluation.accuracy.n, evaluation.answer_nll.n, evaluation.as_json()["n"]) == (1, 2, 2)


def test_written_options_are_read_and_an_unreadable_one_is_wrong():
    questions = question_set(option_question("1"), option_question("2"), option_question("3"))
    reciter = Reciter("The answer is B.", "A. Iron given by mouth", "I cannot say.")
    evaluation = evaluate_questions(questions, reciter, settings=Settings(scoring="generation"))
    assert [(result.chosen, result.correct) for result in evaluation.results] == [("B", True), ("A", False), (None, False)]
    shown = evaluation.as_json()
    assert (shown["unparsable"], shown["accuracy"], shown["answer_nll"]) == (1, pytest.approx(1 / 3), None)


def test_a_model_that_writes_its_options_is_also_told_by_the_right_ones_likelihood(llama):
    question = option_question("1")
    settings = Settings(scoring="generation", max_new_tokens=4)
    [result] = evaluate_questions(question_set(question), llama, settings=settings).results
    assert result.answer_nll == pytest.approx(scores(llama, question)[1].nll_mean, rel=1e-4)
    assert result.nlls == ()


def test_free_text_answers_of_a_server_are_compared_with_the_right_ones():
    questions = question_set(Question("1", "What?", answer="Aspirin"), Question("2", "What?", answer="low dose aspirin"))
    evaluation = evaluate_questions(questions, Reciter("The aspirin.", "aspirin"))
    assert [(result.exact_match, result.f1) for result in evaluation.results] == [(1, 1), (0, 0.5)]


def test_a_server_without_likelihoods_cannot_compare_options():
    with pytest.raises(InputError, match="reciter does not tell likelihoods, by which options would be compared") as caught:
        evaluate_questions(question_set(option_question("1")), Reciter())
    assert "--scoring generation" in caught.value.hint
    with pytest.raises(InputError, match="answers are not to be written"):
        evaluate_questions(question_set(Question("1", "What?", answer="That.")), Reciter(), settings=Settings(generate=False))


def test_questions_without_answers_are_refused(llama):
    with pytest.raises(InputError, match="1 of the 2 questions of blood have no right answer, the first is '2'"):
        evaluate_questions(question_set(option_question("1"), option_question("2", "E")), llama)
    with pytest.raises(InputError, match="blood holds no questions"):
        evaluate_questions(question_set(), llama)


def test_cut_passages_are_counted(folder):
    llama = CausalLMGenerator(GeneratorConfig(plugin="causal-lm", model=str(folder), dtype="float32", context=300))
    long, short = passage("long", text="aspirin thins the blood " * 200), passage("short")
    questions = question_set(option_question("1", passages=(long,)), option_question("2", passages=(short,)))
    evaluation = evaluate_questions(questions, llama, mode="oracle")
    assert evaluation.as_json()["truncated"] == 1
    assert evaluation.results[0].cut_tokens > 0


def test_a_question_longer_than_the_context_is_wrong_and_the_others_go_on(folder):
    llama = CausalLMGenerator(GeneratorConfig(plugin="causal-lm", model=str(folder), dtype="float32", context=300))
    endless = replace(option_question("1"), text="Which drug thins the blood? " * 200)
    evaluation = evaluate_questions(question_set(endless, option_question("2")), llama)
    first, second = evaluation.results
    assert (first.correct, first.chosen, first.nlls) == (False, None, ())
    assert "'1' does not fit" in first.error
    assert second.chosen is not None
    assert (evaluation.as_json()["unfit"], evaluation.as_json()["unparsable"], evaluation.accuracy.n) == (1, 0, 2)
    with pytest.raises(InputError, match="no question of blood could be put to the model"):
        evaluate_questions(question_set(endless), llama)


def test_likelihoods_that_are_no_numbers_stop_the_evaluation(llama):
    with torch.no_grad():
        llama.module.get_output_embeddings().weight.fill_(float("nan"))
    with pytest.raises(InputError, match="likelihoods of question '1' are not numbers") as caught:
        evaluate_questions(question_set(option_question("1")), llama)
    assert "float32" in caught.value.hint
