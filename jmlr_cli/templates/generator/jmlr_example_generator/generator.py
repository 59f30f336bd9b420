"""Answers by quoting: the sentence that shares most words with the question. A baseline that needs no weights."""

import math
import re

from jmlr_cli.contracts.generator import AnswerScore, Generator
from jmlr_cli.contracts.values import Part, Prompt
from jmlr_cli.errors import InputError


class ExampleGenerator(Generator):
    """Its tokens are words. A word of an answer is the likelier, the more often the prompt says it."""

    scores_likelihood, name = True, "example-generator"

    def render(self, question, passages, answer=None, *, list_options=True, instruction=""):
        options = [f"{option.label}. {option.text}" for option in question.options] if list_options else []
        asked = "\n".join(["", question.text, *options, instruction])
        texts = [passage.content.split(" ") for passage in passages]
        limit, needed = self.config.context or 4096, len(asked.split(" ")) + len((answer or "").split())
        if needed > limit:
            raise InputError(f"question {question.id!r} has {needed} words of {limit}", "Raise generator.context.")
        share = (limit - needed) // max(len(texts), 1)
        kept, cut = [" ".join(text[:share]) for text in texts], sum(len(text[share:]) for text in texts)
        tokens = needed + sum(len(text[:share]) for text in texts)
        return Prompt((*(Part(f"\n{text}") for text in kept), Part(asked)), answer, cut, tokens)

    def generate(self, prompts, max_new_tokens):
        return [" ".join(self.quoted(prompt).split()[:max_new_tokens]) for prompt in prompts]

    def stream(self, prompt, max_new_tokens):
        yield self.generate([prompt], max_new_tokens)[0]

    def answer_scores(self, prompts):
        return [self.option_scores(prompt, [prompt.answer])[0] for prompt in prompts]

    def option_scores(self, prompt, answers):
        said = words(prompt.text)
        return [self.score(said, words(answer)) for answer in answers]

    def score(self, said, answer):
        if not answer:
            raise InputError("an option has no word", "Give every option a text.")
        return AnswerScore(sum(math.log((len(said) + 9999) / (said.count(word) + 1)) for word in answer), len(answer))

    def quoted(self, prompt):
        *texts, asked = [part.text for part in prompt.parts]
        sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.;!?])\s+", text.strip())]
        return max(sentences, key=lambda each: len({*words(each)} & {*words(asked)}), default="")


def words(text):
    return re.findall(r"\w+", text.lower())
