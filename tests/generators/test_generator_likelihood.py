"""Answer likelihoods, against the plain formula."""

from __future__ import annotations

import math

import pytest
import torch

from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import InputError

TEXT = "Insulin lowers the blood sugar in diabetes. "
ANSWERS = ["A. Beta blocker", "B. Aspirin", "C. Insulin"]


def by_hand(generator, prompt, *, end=False) -> tuple[float, int]:
    """−Σ log softmax(logits) of the answer's tokens, from the whole model's logits of one unpadded text."""
    ids = generator.encoder.prompt_ids(prompt)
    answer = generator.encoder.answer_ids(prompt, prompt.answer, end=end)
    generator.module.eval()
    with torch.no_grad():
        logits = generator.module(input_ids=torch.tensor([[*ids, *answer]])).logits[0]
    total = 0.0
    for step, token in enumerate(answer):
        scores = logits[len(ids) - 1 + step].tolist()
        top = max(scores)
        total += top + math.log(sum(math.exp(score - top) for score in scores)) - scores[token]
    return total, len(answer)


@pytest.fixture(params=["plain_folder", "chat_folder", "sentencepiece_folder"])
def generator(request, make):
    return make(request.getfixturevalue(request.param), options={"batch_tokens": 300})


@pytest.fixture
def prompts(generator, question):
    lengths = [(1, "C. Insulin"), (6, "B"), (3, "A. Beta blocker slows the heart")]
    return [generator.render(question, [Passage("p", "d", "", TEXT * n, 0)], answer) for n, answer in lengths]


@pytest.mark.parametrize("end", [False, True])
def test_the_answer_nll_is_the_mean_over_its_tokens(generator, prompts, end):
    expected = [total / tokens for total, tokens in (by_hand(generator, prompt, end=end) for prompt in prompts)]
    with torch.no_grad():
        batched = generator.answer_nll(prompts, end=end)
    assert batched.dtype == torch.float32
    assert batched.tolist() == pytest.approx(expected, abs=1e-5)
    with_gradient = generator.answer_nll(prompts, end=end)
    assert with_gradient.requires_grad
    assert with_gradient.tolist() == pytest.approx(expected, abs=1e-5)


def test_neither_company_nor_padding_changes_an_answers_nll(generator, prompts):
    together = generator.answer_nll(prompts).tolist()
    alone = [generator.answer_nll([prompt]).item() for prompt in prompts]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(alone)) == 3


def test_answer_scores_count_the_tokens(generator, prompts):
    scores = generator.answer_scores(prompts)
    assert [(score.nll_sum, score.tokens) for score in scores] == [
        (pytest.approx(total, abs=1e-4), tokens) for total, tokens in (by_hand(generator, prompt) for prompt in prompts)
    ]


def test_dropout_is_off_while_scoring_and_every_layer_keeps_its_mode(make, plain_folder, question):
    generator = make(plain_folder, lora={"r": 4, "dropout": 0.5})
    generator.add_adapters()
    generator.module.train()
    generator.module.get_base_model().model.layers[0].eval()
    before = [layer.training for layer in generator.module.modules()]
    for name, weight in generator.module.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    prompt = generator.render(question, [], "C. Insulin")
    assert generator.answer_scores([prompt]) == generator.answer_scores([prompt])
    assert [layer.training for layer in generator.module.modules()] == before
    with torch.no_grad():
        assert generator.answer_nll([prompt]).item() != generator.answer_nll([prompt]).item()


def test_a_prompt_without_an_answer_has_no_likelihood(generator, question):
    with pytest.raises(ValueError, match="without an answer"):
        generator.answer_nll([generator.render(question, [])])


def test_an_empty_answer_is_an_input_error(make, chat_folder, question):
    generator = make(chat_folder)
    with pytest.raises(InputError, match="'q1'"):
        generator.render(question, [], " ")
    with pytest.raises(InputError, match="no text"):
        generator.option_scores(generator.render(question, []), ["A", ""])


def test_the_output_layer_reads_only_what_predicts_the_answer(generator, prompts):
    seen = []
    hook = generator.module.get_output_embeddings().register_forward_hook(lambda _, inputs, output: seen.append(output.shape[:2]))
    generator.answer_nll(prompts)
    hook.remove()
    assert seen == [(1, sum(len(generator.encoder.answer_ids(prompt, prompt.answer)) for prompt in prompts))]
