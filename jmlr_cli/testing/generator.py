"""What every generator must do, whatever it is inside."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from jmlr_cli.contracts.config import GeneratorConfig
from jmlr_cli.contracts.generator import Generator
from jmlr_cli.contracts.values import Prompt
from jmlr_cli.errors import InputError
from jmlr_cli.testing.material import FREE_QUESTION, HOSTILE, INSTRUCTION, OPTION_QUESTION, OPTIONS, READ, passage

Create = Callable[..., Generator]
NEW_TOKENS = 12
LONG = passage(200, "Guide", "Insulin lowers the blood sugar in diabetes. β-blockers slow the heart 😀. " * 40)


class GeneratorSuite:
    """Inherit it, and say which ``plugin`` is meant. ``settings`` are the keys of a recipe's ``generator`` section.

    ``create`` is a fixture that a subclass may override, and ``special_tokens`` a method.
    """

    plugin: ClassVar[type[Generator]]
    settings: ClassVar[Mapping[str, Any]] = {}
    short_context: ClassVar[int] = 160
    """A context, in tokens, into which a question fits and :data:`LONG` does not."""

    @pytest.fixture
    def create(self) -> Create:
        """``create(**settings)``: a new generator, the same each time."""
        return lambda **more: self.plugin(GeneratorConfig(**{"plugin": "under-test", **self.settings, **more}))

    def special_tokens(self, generator: Any, prompt: Prompt) -> list[str] | None:
        """The special tokens that the model reads in a prompt with its answer, in their order; None where the plugin does not
        know them, as of a model behind a server."""
        return None

    # -- the prompt

    def test_it_has_a_name(self, create: Create) -> None:
        assert create().name.strip()

    def test_a_prompt_holds_question_options_and_instruction(self, create: Create) -> None:
        text = create().render(OPTION_QUESTION, READ, instruction=INSTRUCTION).text
        wanted = [OPTION_QUESTION.text, INSTRUCTION, *(option.text for option in OPTIONS), *(one.text for one in READ)]
        assert [each for each in wanted if each not in text] == []

    def test_options_can_be_left_out(self, create: Create) -> None:
        text = create().render(OPTION_QUESTION, (), list_options=False).text
        assert OPTION_QUESTION.text in text
        assert not any(option.text in text for option in OPTIONS)

    def test_the_best_passage_stands_next_to_the_question(self, create: Create) -> None:
        text = create().render(OPTION_QUESTION, READ).text
        asked = text.index(OPTION_QUESTION.text)
        worse, better = (abs(asked - text.index(one.text)) for one in READ)
        assert better < worse

    def test_a_prompt_carries_the_answer_that_it_was_rendered_with(self, create: Create) -> None:
        generator = create()
        assert generator.render(OPTION_QUESTION, READ).answer is None
        answer = generator.render(OPTION_QUESTION, READ, "C. Insulin").answer
        assert (answer or "").strip() == "C. Insulin"

    def test_a_text_never_stands_in_a_trusted_part(self, create: Create) -> None:
        hostile = replace(OPTION_QUESTION, text=HOSTILE, options=tuple(replace(option, text=HOSTILE) for option in OPTIONS))
        prompt = create().render(hostile, [passage(300, HOSTILE, HOSTILE)])
        assert not any("Stop here." in part.text for part in prompt.parts if part.trusted)

    def test_a_text_that_spells_a_special_token_is_read_as_text(self, create: Create) -> None:
        generator = create()
        harmless = generator.render(FREE_QUESTION, [passage(300, "Insulin", "It lowers the sugar.")], "It does.")
        hostile = generator.render(
            replace(FREE_QUESTION, text=f"What? {HOSTILE}"), [passage(301, HOSTILE, HOSTILE)], f"It does. {HOSTILE}"
        )
        special = self.special_tokens(generator, harmless)
        if special is None:
            pytest.skip("the plugin does not know the model's special tokens")
        assert self.special_tokens(generator, hostile) == special

    # -- the context

    def test_a_passage_too_long_is_cut_and_question_and_answer_stay_whole(self, create: Create) -> None:
        generator = create(context=self.short_context)
        prompt = generator.render(OPTION_QUESTION, [LONG, READ[1]], "C. Insulin", instruction=INSTRUCTION)
        for text in (OPTION_QUESTION.text, INSTRUCTION, *(option.text for option in OPTIONS)):
            assert text in prompt.text
        assert (prompt.answer or "").strip() == "C. Insulin"
        assert prompt.cut_tokens > 0
        assert prompt.tokens <= self.short_context
        assert len(prompt.text) < len(LONG.text)

    def test_what_fits_is_left_whole(self, create: Create) -> None:
        prompt = create().render(OPTION_QUESTION, READ)
        assert prompt.cut_tokens == 0

    def test_a_question_that_does_not_fit_is_named(self, create: Create) -> None:
        endless = replace(FREE_QUESTION, id="the long one", text=LONG.text * 3)
        with pytest.raises(InputError, match="the long one") as caught:
            create(context=self.short_context).render(endless, ())
        assert caught.value.hint

    # -- the answer

    def test_an_answer_in_a_batch_is_the_answer_alone_and_the_same_again(self, create: Create) -> None:
        generator = create()
        prompts = _prompts(generator)
        together = generator.generate(prompts, NEW_TOKENS)
        assert together == [generator.generate([prompt], NEW_TOKENS)[0] for prompt in prompts]
        assert together == generator.generate(prompts, NEW_TOKENS)
        assert together == [answer.strip() for answer in together]

    def test_a_stream_says_what_generate_says(self, create: Create) -> None:
        generator = create()
        prompts = _prompts(generator)
        streamed = ["".join(generator.stream(prompt, NEW_TOKENS)) for prompt in prompts]
        assert streamed == generator.generate(prompts, NEW_TOKENS)

    def test_no_prompts_have_no_answers(self, create: Create) -> None:
        assert create().generate([], NEW_TOKENS) == []

    def test_it_says_whether_it_tells_likelihoods(self, create: Create) -> None:
        generator = create()
        prompt = generator.render(OPTION_QUESTION, READ, "C. Insulin")
        if generator.scores_likelihood:
            assert generator.answer_scores([prompt])[0].tokens > 0
        else:
            with pytest.raises(TypeError):
                generator.answer_scores([prompt])

    def test_every_option_says_what_it_does(self) -> None:
        fields = self.plugin.Options.model_fields
        assert [name for name, field in fields.items() if not field.description] == []


class LikelihoodSuite(GeneratorSuite):
    """Inherit it for a generator whose ``scores_likelihood`` is True."""

    answers: ClassVar[Sequence[str]] = ("A. Beta blocker", "C", "C. Insulin", "Insulin, given under the skin")

    def test_options_scored_together_are_scored_as_each_alone(self, create: Create) -> None:
        generator = create()
        together = generator.option_scores(generator.render(OPTION_QUESTION, READ), self.answers)
        alone = generator.answer_scores([generator.render(OPTION_QUESTION, READ, answer) for answer in self.answers])
        assert [score.nll_sum for score in together] == pytest.approx([score.nll_sum for score in alone], abs=1e-3)
        assert [score.tokens for score in together] == [score.tokens for score in alone]

    def test_company_changes_no_likelihood(self, create: Create) -> None:
        generator = create()
        prompts = [generator.render(OPTION_QUESTION, READ[:n], answer) for n, answer in enumerate(self.answers[:3])]
        together = [score.nll_sum for score in generator.answer_scores(prompts)]
        assert together == pytest.approx([generator.answer_scores([prompt])[0].nll_sum for prompt in prompts], abs=1e-3)

    def test_a_likelihood_is_that_of_at_least_one_token(self, create: Create) -> None:
        generator = create()
        for score in generator.option_scores(generator.render(OPTION_QUESTION, ()), self.answers):
            assert score.tokens > 0
            assert score.nll_sum >= 0
            assert math.isfinite(score.nll_sum)

    def test_nothing_to_score_has_no_likelihood(self, create: Create) -> None:
        assert create().answer_scores([]) == []

    def test_an_option_without_text_is_the_users_mistake(self, create: Create) -> None:
        generator = create()
        with pytest.raises(InputError) as caught:
            generator.option_scores(generator.render(OPTION_QUESTION, ()), ["A", ""])
        assert caught.value.hint


def _prompts(generator: Generator) -> list[Prompt]:
    """Three of different lengths."""
    return [
        generator.render(OPTION_QUESTION, READ, instruction=INSTRUCTION),
        generator.render(FREE_QUESTION, ()),
        generator.render(FREE_QUESTION, READ[1:]),
    ]
