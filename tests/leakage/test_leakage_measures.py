"""Which measure finds a question that was planted in a passage, and which one should not."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jmlr_cli.contracts.values import Question, QuestionSet
from jmlr_cli.leakage.audit import audit
from jmlr_cli.leakage.compare import Asked, compared
from jmlr_cli.leakage.findings import Settings
from jmlr_cli.leakage.texts import Text, Texts

few = settings(max_examples=40, deadline=None, derandomize=True)
words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)
long_questions = st.lists(words, min_size=40, max_size=70, unique=True)
OTHER = "0123456789"
"""What planted noise and the passages around are made of: it never makes a question's word."""


def sentences(found: list[str], every: int = 12) -> str:
    """The words as sentences, with capitals and full stops."""
    return " ".join(" ".join(found[at : at + every]).capitalize() + "." for at in range(0, len(found), every))


def around(text: str, random: Random) -> str:
    """A passage with the text inside."""
    before, after = ([random.choice(OTHER) * random.randint(2, 6) for _ in range(60)] for _ in range(2))
    return f"{sentences(before)} {text} {sentences(after)}"


def measures(question: str, passages: list[str], **options: object) -> set[str]:
    """The measures that find the question in the passages."""
    texts = {str(number): Text(str(number), passage) for number, passage in enumerate(passages)}
    where = Texts("training", "texts", len(texts), lambda: iter(texts.values()), lambda ids: map(texts.__getitem__, ids))
    done = audit(QuestionSet("asked", (Question("q", question),)), [where], Settings(**options))
    return {measure for finding in done.findings for measure in finding.measures}


@few
@given(long_questions, st.randoms(use_true_random=False))
def test_a_verbatim_question_is_found_by_every_measure(found, random):
    question = sentences(found)
    assert measures(question, [around(question, random)]) == {"exact", "normalised", "ngram", "near"}


@few
@given(long_questions, st.randoms(use_true_random=False))
def test_case_punctuation_space_and_unicode_hide_a_question_from_the_exact_measure_alone(found, random):
    question = sentences(["and", "fi" + found[0], *found[1:]])
    disguises = [str.upper, lambda t: t.replace(" ", "\n  "), lambda t: t.replace(".", " …"), lambda t: t.replace("fi", "ﬁ")]
    planted = random.choice(disguises)(question)
    assert measures(question, [around(planted, random)]) == {"normalised", "ngram", "near"}


@few
@given(long_questions, st.randoms(use_true_random=False))
def test_a_shared_half_is_found_by_n_grams_alone(found, random):
    half = len(found) // 2
    planted = sentences([*found[:half], *(random.choice(OTHER) * 4 for _ in found[half:])])
    assert measures(sentences(found), [around(planted, random)]) == {"ngram"}


@few
@given(long_questions, st.randoms(use_true_random=False))
def test_a_word_changed_in_every_twelve_is_found_as_a_near_duplicate_alone(found, random):
    planted = [random.choice(OTHER) * 4 if place % 12 == 6 else word for place, word in enumerate(found)]
    assert measures(sentences(found), [around(sentences(planted), random)], threshold=0.5) == {"near"}


@few
@given(long_questions, st.randoms(use_true_random=False))
def test_the_same_words_in_another_order_are_found_by_none(found, random):
    planted = sorted(found, key=lambda word: word[::-1])
    shuffled = [word for pair in zip(planted[::2], planted[1::2], strict=False) for word in reversed(pair)]
    assume(not any(f" {a} {b} " in f" {' '.join(shuffled)} " for a, b in pairwise(found)))
    assert measures(sentences(found), [around(sentences(shuffled), random)]) == set()


def test_a_short_question_is_compared_whole_and_never_nearly():
    asked = "What are the treatments for gout?"
    assert measures(asked, ["Gout. WHAT ARE the treatments for gout"]) == {"normalised", "ngram"}
    assert measures(asked, ["What are the treatments for scabies?", "The treatments for gout are many."]) == set()


small = st.lists(st.sampled_from(["pain", "of", "the", "left", "knee", "and", "fever"]), min_size=1, max_size=9)


@few
@given(st.lists(small, min_size=1, max_size=4), st.lists(small, min_size=1, max_size=14), st.integers(2, 5))
def test_the_stream_finds_what_comparing_every_pair_finds(questions, passages, size):
    """Words repeat, n-grams are common, texts are short: the inverted index must still lose nothing."""
    asked = tuple(Question(str(number), " ".join(each)) for number, each in enumerate(questions))
    texts = {str(number): Text(str(number), " ".join(each)) for number, each in enumerate(passages)}
    where = Texts("training", "texts", len(texts), lambda: iter(texts.values()), lambda ids: map(texts.__getitem__, ids))
    chosen = Settings(ngram=size, common=2)
    found = {(f.question, f.text, f.measures) for f in audit(QuestionSet("asked", asked), [where], chosen).findings}
    holders = lambda gram: sum(f" {' '.join(gram)} " in f" {text.content} " for text in texts.values())  # noqa: E731
    pairs = [
        compared(Asked(question, size), text, "training", chosen, lambda gram: holders(gram) > 2)
        for question in asked
        for text in texts.values()
    ]
    assert found == {(f.question, f.text, f.measures) for f in pairs if f}
