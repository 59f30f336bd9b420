"""Llama 2 (Touvron et al. 2023, arXiv 2307.09288) with the paper's prompt."""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from jmlr_plugins.generators.causal_lm import CausalLMGenerator, ChatOptions
from jmlr_plugins.generators.template import Frame


class Llama2Options(ChatOptions):
    """``chat`` wraps the prompt in [INST] as the chat models were trained on."""

    system: str = Field(
        "You are a helpful, careful medical assistant.", description="The system message of a chat; may be empty."
    )


class Llama2Generator(CausalLMGenerator):
    """The base models read the published prompt as it is, the chat models read it inside [INST].

    [INST] is ordinary text in Llama 2's vocabulary, so unlike a special token it cannot be kept out of
    a passage.
    """

    Options = Llama2Options
    options: Llama2Options

    @cached_property
    def frame(self) -> Frame:
        return self._chat_frame() if self._chats else Frame()

    def _chat_frame(self) -> Frame:
        system = f"<<SYS>>\n{self.options.system}\n<</SYS>>\n\n" if self.options.system else ""
        beginning, end = self.tokenizer.bos_token or "", self.tokenizer.eos_token or ""
        return Frame(f"{beginning}[INST] {system}", " [/INST]", stops=("[INST]",), between=f" {end}{beginning}[INST] ")
