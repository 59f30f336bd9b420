"""Passages are shortened fairly, and never the question or the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jmlr_cli.contracts.values import Part, Passage, Prompt, Question
from jmlr_cli.errors import InputError
from jmlr_plugins.generators.fitting import Room, fair_shares, fit


class Words:
    """Counts words, each with the space before it, as tokens."""

    def length(self, prompt: Prompt) -> int:
        return len(prompt.text.split())

    def token_ends(self, text: str) -> list[int]:
        return [len(" ".join(text.split()[: n + 1])) for n in range(len(text.split()))]


def compose(texts) -> Prompt:
    """Two tokens of template for each passage, three for the question."""
    parts = [Part(f" the reference {text}") for text in texts]
    return Prompt((*parts, Part(" what is it")))


def words(count: int, word: str) -> str:
    return " ".join([word] * count)


@pytest.mark.parametrize(
    ("lengths", "room", "shares"),
    [
        ([100, 20], 80, [60, 20]),
        ([100, 100, 100], 10, [3, 3, 4]),
        ([5, 50, 50], 45, [5, 20, 20]),
        ([5, 5], 100, [5, 5]),
        ([8, 30, 12], 30, [8, 11, 11]),
        ([], 5, []),
    ],
)
def test_short_passages_give_their_surplus_to_long_ones(lengths, room, shares):
    assert fair_shares(lengths, room) == shares


def test_what_fits_is_left_whole():
    prompt = fit([words(5, "a"), words(5, "b")], compose, Words(), Room(17, 0, "q", "m"))
    assert prompt == replace(compose([words(5, "a"), words(5, "b")]), tokens=17)


def test_the_shares_and_the_cut_are_those_worked_out_by_hand():
    # 2 * 2 + 3 = 7 tokens of template and question, 5 of the answer, so 42 - 12 = 30 for 20 + 40 of passages: 15 each
    prompt = fit([words(20, "a"), words(40, "b")], compose, Words(), Room(42, 5, "q", "m"))
    assert prompt == Prompt(compose([words(15, "a"), words(15, "b")]).parts, None, cut_tokens=30, tokens=42)


def test_the_worst_passages_go_first_where_not_every_one_can_have_a_token():
    # With all three, 9 tokens are template and question; with the last two 7, which leaves one token for each.
    prompt = fit([words(4, "a"), words(4, "b"), words(4, "c")], compose, Words(), Room(9, 0, "q", "m"))
    assert prompt == Prompt(compose(["b", "c"]).parts, None, cut_tokens=4 + 3 + 3, tokens=9)


def test_no_passage_at_all_may_be_what_fits():
    prompt = fit([words(4, "a")], compose, Words(), Room(5, 0, "q", "m"))
    assert prompt == Prompt(compose([]).parts, None, cut_tokens=4, tokens=3)


def test_a_question_that_does_not_fit_is_named_with_its_lengths():
    with pytest.raises(InputError, match=r"'q9'.*my-model.*3 tokens.*answer 4.*context is 6"):
        fit([words(4, "a")], compose, Words(), Room(6, 4, "q9", "my-model"))


class Stretching(Words):
    """Counts a cut text a token longer than its share, as a tokenizer may."""

    def length(self, prompt: Prompt) -> int:
        return super().length(prompt) + sum(part.text.count("a") == 7 for part in prompt.parts)


def test_a_cut_that_tokenises_longer_is_cut_again():
    prompt = fit([words(9, "a")], compose, Stretching(), Room(13, 1, "q", "m"))
    assert prompt.parts[0].text.count("a") == 6
    assert prompt.cut_tokens == 3


@pytest.fixture(params=["plain_folder", "chat_folder", "sentencepiece_folder"])
def generator(request, make):
    return make(request.getfixturevalue(request.param), context=160, options={"max_answer_tokens": 20})


LONG = "Insulin lowers the blood sugar in diabetes. β-blockers slow the heart 😀. "


def test_prompt_and_answer_fill_the_context_and_no_more(generator, question):
    passages = [Passage("1", "d", "Guide", LONG * 20, 0), Passage("2", "d", "", "Short.", 0)]
    prompt = generator.render(question, passages, "C. Insulin", instruction="Please only give the correct option.")
    answer = generator.encoder.answer_ids(prompt, prompt.answer, end=True)
    assert 150 <= generator.encoder.length(prompt) + len(answer) <= 160
    assert prompt.cut_tokens > 0


def test_a_cut_passage_is_a_prefix_and_the_question_stays_whole(generator, question):
    whole = generator.render(question, [])
    prompt = generator.render(question, [Passage("1", "d", "Guide", LONG * 20, 0), Passage("2", "d", "", "Short.", 0)])
    texts = [part.text for part in prompt.parts if not part.trusted]
    assert ("Guide\n" + LONG * 20).startswith(texts[1])
    assert texts[3] == "Short."
    untouched = [part.text.lstrip("\n") for part in whole.parts if not part.trusted]
    assert [text.lstrip("\n") for text in texts[4:]] == untouched


def test_room_is_left_for_an_answer_that_is_still_to_be_written(make, plain_folder, question):
    generator = make(plain_folder, context=160, options={"max_answer_tokens": 40})
    prompt = generator.render(question, [Passage("1", "d", "", LONG * 20, 0)])
    assert 110 <= generator.encoder.length(prompt) <= 120


def test_a_question_longer_than_the_context_is_an_input_error(make, plain_folder):
    with pytest.raises(InputError, match="'long'"):
        make(plain_folder, context=40).render(Question("long", LONG * 10, answer="No."), [], "No.")
