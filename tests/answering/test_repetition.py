"""Of an answer that goes round in circles one round is passed on; any other is passed on as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jmlr_cli.answering.repetition import without_repetition

TAKE, WATCH, COME = "Take it twice a day.", "Watch the kidneys closely.", "Come back in a week."


def passed_on(text: str, size: int = 3) -> str:
    return "".join(without_repetition(text[start : start + size] for start in range(0, len(text), size)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{TAKE} {TAKE} {TAKE}", TAKE),
        (f"{TAKE}\n{TAKE}", TAKE),
        (f"{COME} {TAKE} {WATCH} {TAKE} {WATCH} {TAKE}", f"{COME} {TAKE} {WATCH}"),
        (f"{TAKE} {WATCH} {COME} " * 3, f"{TAKE} {WATCH} {COME}"),
        (f"{TAKE} {TAKE} {COME}", f"{TAKE} {COME}"),
        (
            "Give:\n1. Aspirin 75 mg\n2. Rest in bed now\n3. Rest in bed now\n4. Rest in bed now\n5. Rest in",
            "Give:\n1. Aspirin 75 mg\n2. Rest in bed now",
        ),
        (f"{TAKE} {TAKE} {TAKE} {COME}", TAKE),
        (f"{TAKE} {TAKE} {WATCH} {COME} {COME} {TAKE}", f"{TAKE} {WATCH} {COME} {TAKE}"),
    ],
    ids=[
        "one sentence",
        "one line",
        "two sentences after another",
        "three sentences",
        "gone on",
        "a list",
        "thrice",
        "two circles",
    ],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_what_is_said_twice_running_is_passed_on_once_and_said_thrice_it_is_the_end(text, expected, size):
    assert passed_on(text, size) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"{TAKE} {WATCH} {TAKE} {COME}",
        f"Aspirin. {TAKE} Naproxen. {TAKE}",
        f"{TAKE} Take it twice a week. {COME}",
        "Fever? No. No. No. It is 3.5 mg.",
        f"{TAKE} Take it twice",
        "1. Aspirin 75 mg\n2. Aspirin 300 mg\n3. 4 tablets.\n4. 5 tablets.",
        "",
    ],
    ids=["said again later", "of two drugs", "nearly the same", "short", "broken off", "a list", "nothing"],
)
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_what_is_no_circle_is_passed_on_whole(text, size):
    assert passed_on(text, size) == text


@given(st.lists(st.sampled_from([TAKE, WATCH, COME, "No.", "A dose of 2.5 mg\n"]), max_size=12), st.integers(1, 60))
def test_pieces_make_no_difference_and_no_sentence_is_lost(sentences, size):
    text = " ".join(sentences)
    whole = passed_on(text, 10_000)
    assert passed_on(text, size) == whole
    copied = any(sentences[n : n + k] == sentences[n + k : n + 2 * k] for n in range(len(sentences)) for k in range(1, 7))
    assert copied or whole == text
    thrice = any(
        sentences[n : n + k] == sentences[n + k : n + 2 * k] == sentences[n + 2 * k : n + 3 * k]
        for n in range(len(sentences))
        for k in range(1, 5)
    )
    assert thrice or all(sentence.strip() in whole for sentence in sentences)


def test_nothing_is_held_back_that_can_be_no_copy():
    assert next(without_repetition(iter(["Take it", " twice"]))) == "Take it"


def test_the_writer_is_stopped():
    stopped = []

    def writing() -> Iterator[str]:
        try:
            while True:
                yield f"{TAKE} "
        finally:
            stopped.append(True)

    assert "".join(without_repetition(writing())).strip() == TAKE
    assert stopped == [True]
