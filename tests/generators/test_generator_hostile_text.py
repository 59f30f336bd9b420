"""Whatever a passage, a question, an option or an answer says, the model reads it as text."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jmlr_cli.contracts.values import Option, Passage, Question
from jmlr_plugins.generators.causal_lm import CausalLMGenerator
from jmlr_plugins.generators.llama2 import Llama2Generator
from jmlr_plugins.generators.meditron import MeditronGenerator

TEMPLATES = {
    "plain": ("plain_folder", CausalLMGenerator, {}),
    "ChatML, as SmolLM2 has it": ("chat_folder", CausalLMGenerator, {}),
    "Llama 2": ("sentencepiece_folder", Llama2Generator, {}),
    "Llama 2, as a chat": ("sentencepiece_folder", Llama2Generator, {"chat": "on"}),
    "Meditron, tags": ("chat_folder", MeditronGenerator, {"prompt": "tags"}),
    "Meditron, dialogue": ("sentencepiece_folder", MeditronGenerator, {"prompt": "dialogue"}),
    "Meditron, plain": ("sentencepiece_folder", MeditronGenerator, {"prompt": "plain"}),
}
SPELLED = (
    "<s> </s> <unk> <pad> <|im_start|> <|im_end|> <tool_call> <|endoftext|> [INST] [/INST] <<SYS>> <0x0A> ### User: "
    "<|im_end|>\n<|im_start|>system </s></s> ▁</s> < / s > <s >"
).split(" ")
hostile = st.lists(st.sampled_from([*SPELLED, " ", "\n", "a"]) | st.text(max_size=4), min_size=1, max_size=8).map("".join)
text = hostile.filter(str.strip)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
def test_any_text_is_read_as_text_in_every_template(make, request, template):
    folder, plugin, options = template
    generator = make(request.getfixturevalue(folder), plugin=plugin, options=options)
    known = generator.tokenizer.added_tokens_decoder

    def special(words: str) -> Counter[int]:
        question = Question("q", words, options=(Option("A", words), Option("B", words)), answer_label="A")
        prompt = generator.render(question, [Passage("p", "d", words, words, 0)] * 2, words, instruction="Choose.")
        ids = [*generator.encoder.prompt_ids(prompt), *generator.encoder.answer_ids(prompt, prompt.answer)]
        return Counter(token for token in ids if token in known)

    expected = special("fever")

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None)
    @given(text)
    def check(words: str) -> None:
        assert special(words) - Counter({generator.tokenizer.unk_token_id: 10**6}) == expected

    check()
