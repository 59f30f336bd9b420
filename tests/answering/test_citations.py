"""Citation marks: where they are put, and that they never hold a stream up longer than they must."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jmlr_cli.answering.citations import cite, cited_ranks, uncited
from jmlr_cli.contracts.values import Hit, Passage

HITS = [
    Hit(1, 2.0, Passage("a", "a.md", "Anaphylaxis", "Intramuscular adrenaline is given into the thigh.", 0)),
    Hit(2, 1.0, Passage("b", "b.md", "Gout", "Colchicine treats an acute attack of gout.", 0)),
]
ANSWER = "Adrenaline is given into the thigh. Colchicine treats gout!\nNobody knows why bananas sing. The end"


def test_a_mark_follows_the_sentence_that_a_passage_supports():
    told = "".join(cite([ANSWER], HITS))
    assert told == ("Adrenaline is given into the thigh. [1] Colchicine treats gout! [2]\nNobody knows why bananas sing. The end")
    assert cited_ranks(told) == (1, 2)


def test_a_list_item_is_cited_as_a_whole():
    told = "".join(cite(["Give:\n1. Intramuscular adrenaline into the thigh\n10. Colchicine treats gout.\n75."], HITS))
    assert told == "Give:\n1. Intramuscular adrenaline into the thigh [1]\n10. Colchicine treats gout. [2]\n75."


@given(st.text(alphabet="ab .!?\n[1,2]3", max_size=40), st.lists(st.integers(0, 40)))
def test_the_pieces_that_an_answer_comes_in_change_nothing(text, cuts):
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert "".join(cite(pieces, HITS)) == "".join(cite([text], HITS))


def test_words_are_passed_on_before_their_sentence_ends():
    stream = cite(iter(["Adrenaline", " is given", " into the thigh.", " Then"]), HITS)
    assert [next(stream), next(stream), next(stream)] == ["Adrenaline", " is given", " into the thigh."]
    assert next(stream) == " [1]"


def test_marks_that_the_model_copies_from_a_passage_are_no_citations():
    told = "".join(cite(["Bananas sing [", "2", "]. Adrenaline is given into the thigh [1, 2]", "."], HITS))
    assert told == "Bananas sing. Adrenaline is given into the thigh. [1]"


@pytest.mark.parametrize(
    ("text", "bare"), [("Yes. [1][2]", "Yes."), ("So [3] it is [4-6].", "So it is."), ("Take [18F]FDG.", "Take [18F]FDG.")]
)
def test_an_answer_without_its_marks(text, bare):
    assert uncited(text) == bare
