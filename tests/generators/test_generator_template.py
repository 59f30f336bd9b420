"""Each model family's prompt, word for word."""

from __future__ import annotations

import pytest

from jmlr_cli.contracts.values import Passage
from jmlr_cli.errors import InputError
from jmlr_plugins.generators.llama2 import Llama2Generator
from jmlr_plugins.generators.meditron import MeditronGenerator

ONLY = "Please only give the correct option."
PASSAGES = [Passage("1", "d", "", "Worse.", 0), Passage("2", "d", "Guide", "Better.", 0)]
CONTENT = (
    "Reference:\nWorse.\nReference:\nGuide\nBetter.\nQuestion:\nWhich drug lowers the blood sugar?\n"
    "A. Beta blocker\nB. Aspirin\nC. Insulin\nPlease only give the correct option.\nCorrect Answer:"
)
SYSTEM = "You are a helpful, careful medical assistant."


def test_the_published_prompt_puts_the_best_passage_next_to_the_question(make, plain_folder, question):
    prompt = make(plain_folder).render(question, PASSAGES, "C. Insulin", instruction=ONLY)
    assert prompt.text == "\n" + CONTENT
    assert prompt.answer == " C. Insulin"
    assert prompt.cut_tokens == 0


def test_options_and_instruction_can_be_left_out(make, plain_folder, question):
    prompt = make(plain_folder).render(question, [], list_options=False)
    assert prompt.text == "\nQuestion:\nWhich drug lowers the blood sugar?\nCorrect Answer:"
    assert prompt.answer is None


def test_a_free_text_question_asks_for_an_answer(make, plain_folder, free_question):
    assert make(plain_folder).render(free_question, []).text == "\nQuestion:\nWhat does insulin do?\nAnswer:"


def test_the_wording_of_lm_eval_is_that_of_medqa_4options(make, plain_folder, question):
    generator = make(plain_folder, options={"template": "lm-eval"})
    assert generator.render(question, [], "C", instruction=ONLY).text == (
        "Question: Which drug lowers the blood sugar?\nA. Beta blocker\nB. Aspirin\nC. Insulin\nAnswer:"
    )
    prompt = generator.render(question, PASSAGES, "yes", list_options=False)
    assert prompt.text == ("Abstract: Worse.\nAbstract: Guide\nBetter.\nQuestion: Which drug lowers the blood sugar?\nAnswer:")
    assert prompt.answer == " yes"


def test_a_chat_model_reads_the_wording_of_lm_eval_as_the_users_turn(make, chat_folder, question):
    prompt = make(chat_folder, options={"template": "lm-eval"}).render(question, PASSAGES)
    assert prompt.text.startswith("<|im_start|>user\nAbstract: Worse.\n")
    assert prompt.text.endswith("C. Insulin\nAnswer:<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize(("template", "words"), [("jmlr", "Reference"), ("lm-eval", "Abstract")])
def test_an_answer_is_over_where_another_prompt_of_the_same_wording_begins(make, plain_folder, template, words):
    generator = make(plain_folder, options={"template": template})
    assert generator.ending.texts == (f"\n{words}:", "\nQuestion:")


def test_a_template_that_is_not_known_is_refused(make, plain_folder):
    with pytest.raises(ValueError, match="template"):
        make(plain_folder, options={"template": "medqa"})


def test_a_chat_model_reads_the_same_prompt_as_the_users_turn(make, chat_folder, question):
    prompt = make(chat_folder).render(question, PASSAGES, "C. Insulin", instruction=ONLY)
    assert prompt.text == f"<|im_start|>user\n{CONTENT}<|im_end|>\n<|im_start|>assistant\n"
    assert prompt.answer == "C. Insulin"


def test_only_the_template_of_a_chat_prompt_is_trusted(make, chat_folder, question):
    prompt = make(chat_folder).render(question, PASSAGES, instruction=ONLY)
    assert "".join(part.text for part in prompt.parts if not part.trusted) == CONTENT


def test_a_system_turn_is_added_when_it_is_given(make, chat_folder, question):
    prompt = make(chat_folder, options={"system": "Be brief."}).render(question, [])
    assert prompt.text.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nQuestion:\n")


@pytest.mark.parametrize("switch", ["off", False])
def test_chat_can_be_switched_off_also_in_yaml(make, chat_folder, question, switch):
    prompt = make(chat_folder, options={"chat": switch}).render(question, PASSAGES, instruction=ONLY)
    assert prompt.text == "\n" + CONTENT


def test_chat_cannot_be_switched_on_without_a_template(make, plain_folder, question):
    with pytest.raises(InputError, match="no chat template"):
        make(plain_folder, options={"chat": "on"}).render(question, [])


def test_a_template_that_repeats_the_question_is_refused(make, chat_folder, question):
    generator = make(chat_folder)
    generator.tokenizer.chat_template = "{% for m in messages %}{{ m['content'] + m['content'] }}{% endfor %}"
    with pytest.raises(InputError, match="once, in order"):
        generator.render(question, [])


def test_llama2_reads_the_published_prompt_as_it_is(make, sentencepiece_folder, question):
    prompt = make(sentencepiece_folder, Llama2Generator).render(question, PASSAGES, "C. Insulin", instruction=ONLY)
    assert (prompt.text, prompt.answer) == ("\n" + CONTENT, " C. Insulin")


def test_llama2_chat_reads_it_inside_inst(make, sentencepiece_folder, question):
    generator = make(sentencepiece_folder, Llama2Generator, options={"chat": "on"})
    prompt = generator.render(question, PASSAGES, "C. Insulin", instruction=ONLY)
    assert prompt.text == f"<s>[INST] <<SYS>>\n{SYSTEM}\n<</SYS>>\n\n{CONTENT} [/INST]"
    assert prompt.answer == " C. Insulin"
    assert generator.encoder.prompt_ids(prompt).count(generator.tokenizer.bos_token_id) == 1


def test_a_base_meditron_reads_a_dialogue(make, sentencepiece_folder, question):
    generator = make(sentencepiece_folder, MeditronGenerator)
    prompt = generator.render(question, PASSAGES, "C. Insulin", instruction=ONLY)
    assert prompt.text == f"<s>{SYSTEM}\n### User: {CONTENT}\n### Assistant:"
    assert prompt.answer == " C. Insulin"


def test_a_finetuned_meditron_reads_tags(make, chat_folder, question):
    generator = make(chat_folder, MeditronGenerator)
    prompt = generator.render(question, PASSAGES, "C. Insulin", instruction=ONLY)
    assert prompt.text == (
        f"<s><|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>question\n{CONTENT}<|im_end|>\n<|im_start|>answer\n"
    )
    assert prompt.answer == "C. Insulin"
    assert generator.encoder.end_id == generator.tokenizer.convert_tokens_to_ids("<|im_end|>")


def test_meditron_can_read_the_plain_prompt(make, chat_folder, question):
    generator = make(chat_folder, MeditronGenerator, options={"prompt": "plain"})
    assert generator.render(question, PASSAGES, instruction=ONLY).text == "\n" + CONTENT
