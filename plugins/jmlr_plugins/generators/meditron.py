"""Meditron (Chen et al. 2023, arXiv 2311.16079) with its own prompts."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field

from jmlr_plugins.generators.decoder import DecoderGenerator, DecoderOptions
from jmlr_plugins.generators.template import Frame

START, END = "<|im_start|>", "<|im_end|>"


class MeditronOptions(DecoderOptions):
    """Which of Meditron's published prompts is used."""

    prompt: Literal["auto", "tags", "dialogue", "plain"] = Field(
        "auto",
        description="tags: <|im_start|>question, as the finetuned models were trained; dialogue: ### User: and ### Assistant:, "
        "as the base models are served; plain: no frame; auto: tags when the tokenizer knows them, otherwise dialogue.",
    )
    system: str = Field("You are a helpful, careful medical assistant.", description="The system message; may be empty.")


class MeditronGenerator(DecoderGenerator):
    """Llama 2 pretrained further on clinical guidelines and papers. The context is that of the weights:
    2048 tokens for 7b, 4096 for 70b."""

    Options = MeditronOptions
    options: MeditronOptions

    @cached_property
    def frame(self) -> Frame:
        wanted = self.options.prompt
        if wanted == "auto":
            wanted = "tags" if self._knows_tags() else "dialogue"
        return {"tags": self._tags, "dialogue": self._dialogue, "plain": Frame}[wanted]()

    def _knows_tags(self) -> bool:
        return START in self.tokenizer.get_added_vocab()

    def _tags(self) -> Frame:
        """The format of the finetuned models' README: system, question and answer turns."""
        before = f"{self._beginning}{START}system\n{self.options.system}{END}\n{START}question\n"
        end = END if self._knows_tags() else ""
        between = f"{END}\n{START}question\n"
        return Frame(before, f"{END}\n{START}answer\n", lead="", end=end, stops=(END, START), between=between)

    def _dialogue(self) -> Frame:
        """The format in which the authors serve the base models: ``\\n### `` between turns, ``###`` as the stop."""
        user = "\n### User: "
        return Frame(f"{self._beginning}{self.options.system}{user}", "\n### Assistant:", stops=("###",), between=user)

    @property
    def _beginning(self) -> str:
        return self.tokenizer.bos_token or ""
