"""Greedy answers: the same alone, in company and as a stream, and over where they should be."""

from __future__ import annotations

import json
import warnings

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import InputError, MissingError
from jmlr_plugins.generators.text import tidy


@pytest.fixture(params=["plain_folder", "chat_folder", "sentencepiece_folder"])
def generator(request, make):
    return make(request.getfixturevalue(request.param))


@pytest.fixture
def prompts(generator, question, free_question):
    text = "Insulin lowers the blood sugar. "
    return [
        generator.render(question, [Passage("p", "d", "", text * 6, 0)]),
        generator.render(free_question, []),
        generator.render(question, [Passage("p", "d", "", text, 0)], instruction="Please only give the correct option."),
    ]


def by_hand(generator, prompt, count: int) -> str:
    """The most likely next token, ``count`` times, without cache or padding."""
    ids = generator.encoder.prompt_ids(prompt)
    start = len(ids)
    for _ in range(count):
        with torch.no_grad():
            token = int(generator.module(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        if token in generator.ending.tokens:
            break
        ids.append(token)
    return generator.tokenizer.decode(ids[start:], skip_special_tokens=True).strip()


def test_an_answer_is_the_most_likely_tokens_one_by_one(generator, prompts):
    assert generator.generate(prompts, 12) == [by_hand(generator, prompt, 12) for prompt in prompts]


def taught_to_say(generator, prompt, answer: str):
    """Train the tiny model until it gives this one answer, with its end."""
    told = generator.render(prompt, [], answer)
    optimizer = torch.optim.AdamW(generator.module.parameters(), lr=1e-2)
    for _ in range(60):
        loss = generator.answer_nll([told], end=True).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.02:
            break
    assert loss < 0.1
    return generator.render(prompt, [])


@pytest.mark.parametrize("folder", ["plain_folder", "chat_folder"])
def test_what_training_teaches_is_what_is_generated_and_it_ends(make, request, question, folder):
    generator = make(request.getfixturevalue(folder))
    prompt = taught_to_say(generator, question, "C. Insulin")
    assert generator.generate([prompt], 30) == ["C. Insulin"]
    assert list(generator.stream(prompt, 30)) != []
    assert "".join(generator.stream(prompt, 30)) == "C. Insulin"


def test_a_plain_answer_is_over_where_the_next_question_begins(make, plain_folder, free_question):
    generator = make(plain_folder)
    prompt = taught_to_say(generator, free_question, "Insulin lowers it.\nQuestion:\nWhich drug?")
    assert generator.generate([prompt], 30) == ["Insulin lowers it."]
    assert "".join(generator.stream(prompt, 30)) == "Insulin lowers it."


def test_an_answer_is_cut_where_the_context_ends(make, plain_folder, question):
    generator = make(plain_folder, context=80, options={"max_answer_tokens": 4})
    prompt = generator.render(question, [Passage("p", "d", "", "Insulin lowers the blood sugar. " * 20, 0)])
    room = 80 - generator.encoder.length(prompt)
    assert 4 <= room < 12
    assert generator.generate([prompt], 12) == generator.generate([prompt], room)


def test_a_prompt_as_long_as_the_context_cannot_be_answered(make, plain_folder, question):
    prompt = make(plain_folder).render(question, [])
    with pytest.raises(InputError, match="reads 20"):
        make(plain_folder, context=20).generate([prompt], 5)


def test_the_models_own_sampling_settings_are_left_out_without_a_warning(make, plain_folder, tmp_path, question, caplog):
    AutoModelForCausalLM.from_pretrained(plain_folder).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(plain_folder).save_pretrained(tmp_path)
    sampling = {"do_sample": True, "temperature": 5.0, "top_p": 0.9, "top_k": 7, "eos_token_id": [2, 9]}
    (tmp_path / "generation_config.json").write_text(json.dumps(sampling))
    generator, plain = make(tmp_path), make(plain_folder)
    prompt = generator.render(question, [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert generator.generate([prompt], 3) == plain.generate([prompt], 3)
    assert not caplog.records
    assert generator.ending.tokens == (2, 9)


def test_an_error_while_streaming_reaches_the_reader(make, plain_folder, question):
    generator = make(plain_folder)
    prompt = generator.render(question, [])

    def fail(*_):
        raise torch.OutOfMemoryError("no memory")

    hook = generator.module.model.layers[1].register_forward_hook(fail)
    with pytest.raises(MissingError, match="out of memory"):
        list(generator.stream(prompt, 5))
    hook.remove()
    assert list(generator.stream(prompt, 5))


def test_a_stream_that_nobody_reads_on_stops_the_model(make, plain_folder, question):
    generator = make(plain_folder)
    stream, steps = generator.stream(generator.render(question, []), 1500), []
    hook = generator.module.register_forward_hook(lambda *_: steps.append(1))
    next(stream)
    stream.close()
    done = len(steps)
    hook.remove()
    assert done < 1500
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("pieces", "stops", "shown"),
    [
        ([" B", ". As", "pirin ", "\n"], (), ["B", ". As", "pirin"]),
        (["a ", " b"], (), ["a", "  b"]),
        (["a\nQues", "tion: x"], ("\nQuestion:",), ["a"]),
        (["a\nQues", "t ok"], ("\nQuestion:",), ["a", "\nQuest ok"]),
        (["\n", "Question: x"], ("\nQuestion:",), []),
        (["", "  "], (), []),
        (["one###two"], ("###", "two"), ["one"]),
    ],
)
def test_pieces_are_shown_up_to_a_stop_without_space_around(pieces, stops, shown):
    assert list(tidy(pieces, stops)) == shown
