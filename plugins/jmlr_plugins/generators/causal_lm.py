"""Any decoder of the Hugging Face kind, with its chat template if it has one."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator

from jmlr_plugins.generators.chat import chat_frame
from jmlr_plugins.generators.decoder import DecoderGenerator, DecoderOptions
from jmlr_plugins.generators.template import Frame


class ChatOptions(DecoderOptions):
    """For a model that may have been tuned to chat."""

    chat: Literal["auto", "on", "off"] = Field("auto", description="Use the chat template; auto when the tokenizer has one.")
    system: str = Field("", description="The system turn of a chat; by default the template's own.")

    @field_validator("chat", mode="before")
    @classmethod
    def _switch(cls, value: object) -> object:
        """YAML reads a bare ``on`` or ``off`` as a truth value."""
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


class CausalLMGenerator(DecoderGenerator):
    """The published prompt, as the user's turn of the chat template when there is one."""

    Options = ChatOptions
    options: ChatOptions

    @cached_property
    def frame(self) -> Frame:
        return chat_frame(self.tokenizer, self.options.system) if self._chats else Frame()

    @property
    def _chats(self) -> bool:
        return self.options.chat == "on" or (self.options.chat == "auto" and bool(self.tokenizer.chat_template))
