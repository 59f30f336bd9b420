from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jmlr_cli.contracts.values import Document, Section, passage_id
from jmlr_cli.corpus.breaks import cut_cost
from jmlr_cli.corpus.packing import pieces
from jmlr_cli.corpus.passages import split_document


def document(*sections: tuple[str, str], title: str = "Doc") -> Document:
    return Document("d.txt", title, tuple(Section(*section) for section in sections), {"source": "s"})


def sentence(words: int, start: str = "Word") -> str:
    return " ".join([start] + ["word"] * (words - 1)) + "."


def sizes(passages):
    return [len(passage.text.split()) for passage in passages]


def test_a_passage_carries_its_document_title_heading_and_metadata():
    (passage,) = split_document(document(("Treatment", sentence(50))))
    assert (passage.document, passage.title, passage.position) == ("d.txt", "Doc > Treatment", 0)
    assert passage.text == sentence(50)
    assert dict(passage.metadata) == {"source": "s"}
    assert passage.id == passage_id("d.txt", "Doc > Treatment", sentence(50))


@pytest.mark.parametrize(("title", "heading", "expected"), [("", "H", "H"), ("T", "", "T"), ("", "", "")])
def test_a_missing_title_or_heading_leaves_no_arrow(title, heading, expected):
    (passage,) = split_document(document((heading, "text"), title=title))
    assert passage.title == expected


def test_a_passage_never_crosses_a_heading():
    passages = split_document(document(("A", sentence(60)), ("B", sentence(60))))
    assert [passage.title for passage in passages] == ["Doc > A", "Doc > B"]


def test_small_sections_in_a_row_share_a_passage_with_their_headings_in_the_text():
    passages = split_document(document(("A", "one"), ("B", "two"), ("Long", sentence(60)), ("C", "three")))
    assert [(passage.title, passage.text) for passage in passages] == [
        ("Doc", "A\none\n\nB\ntwo"),
        ("Doc > Long", sentence(60)),
        ("Doc > C", "three"),
    ]


def test_small_sections_are_put_together_only_as_long_as_they_fit():
    passages = split_document(document(*((f"H{n}", sentence(30)) for n in range(20))), words=100)
    assert max(sizes(passages)) <= 100
    assert sizes(passages)[:2] == [93, 93]


def test_a_long_section_is_split_into_passages_of_about_equal_length():
    passages = split_document(document(("A", " ".join(sentence(10) for _ in range(41)))))
    assert sizes(passages) == [200, 210] or sizes(passages) == [210, 200]


def test_a_paragraph_is_kept_whole_where_it_fits():
    paragraphs = [" ".join(sentence(10, f"P{n}") for _ in range(15)) for n in range(5)]
    texts = [passage.text for passage in split_document(document(("A", "\n\n".join(paragraphs))))]
    assert texts == ["\n\n".join(paragraphs[:2]), "\n\n".join(paragraphs[2:4]), paragraphs[4]]


def test_a_long_paragraph_is_cut_between_sentences_and_not_after_abbreviations():
    text = " ".join(["Ask Dr. Smith to give 5 mg. b.d. of the drug, e.g. Aspirin, as in Fig. 3 of it."] * 60)
    passages = split_document(document(("A", text)), words=100)
    assert len(passages) == len({passage.id for passage in passages})
    assert all(piece.startswith("Ask Dr. Smith") and piece.endswith("of it.") for piece in pieces(text, 100))


def test_a_one_word_title_stays_with_the_lines_below_it():
    text = "\n".join(f"Dose\nItem {n} of a list that goes on" for n in range(500))
    assert not any(piece.endswith("Dose") for words in range(200, 400, 7) for piece in pieces(text, words))


def test_places_to_cut_are_ranked_from_paragraphs_down_to_words():
    places = [
        ("It ends.\n\n", "Next"),
        ("It ends.\n", "Next"),
        ("It ends. ", "Next"),
        ("- an item\n", "- another"),
        ("as a line goes on\n", "with more"),
        ("in the middle of ", "Words"),
        ("bro", "ken"),
    ]
    costs = [cut_cost(before, after) for before, after in places]
    assert costs == sorted(costs)
    assert len(set(costs)) == len(costs) - 1


@pytest.mark.parametrize(
    ("before", "after"), [("see Dr. ", "Smith"), ("(e.g. ", "Aspirin"), ("5 mg. ", "b.d."), ("the options are:\n\n", "One")]
)
def test_a_cut_that_parts_what_belongs_together_costs_as_much_as_one_within_a_sentence(before, after):
    assert cut_cost(before, after) == cut_cost("in the middle of ", "Words")


def test_a_list_is_not_cut_from_the_line_that_announces_it():
    lines = ["Options are:" if n % 4 == 0 else f"- item {n} of the list of options" for n in range(200)]
    assert not any(piece.rstrip().endswith(":") for piece in pieces("\n".join(lines), 60))


def test_text_without_spaces_is_bounded_too():
    got = pieces("喘息の治療。" * 3000, 400)
    assert max(map(len, got)) <= 400 * 20
    assert "".join(got) == "喘息の治療。" * 3000
    assert all(piece.endswith("。") for piece in got)


def test_what_a_document_says_twice_is_kept_once():
    passages = split_document(document(("A", sentence(50)), ("B", sentence(60)), ("A", sentence(50))))
    assert [(passage.title, passage.position) for passage in passages] == [("Doc > A", 0), ("Doc > B", 1)]


def test_a_document_without_words_gives_no_passages():
    assert split_document(document(("A", " \n "), ("B", ""))) == []


WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=15)
WORDS = st.lists(WORD, min_size=1, max_size=8)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", ". ", "\n", "\n\n", "! ", ":\n", "\t"])), max_size=40).map(
    lambda parts: "".join(" ".join(words) + gap for words, gap in parts)
)


@settings(deadline=None, max_examples=150)
@given(TEXTS, st.integers(1, 50))
def test_splitting_keeps_every_word_in_order_within_the_limit(text, words):
    got = pieces(text, words)
    assert [word for piece in got for word in piece.split()] == text.split()
    assert all(len(piece.split()) <= words for piece in got)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=600), st.integers(1, 10))
def test_splitting_loses_no_letter_of_any_text(text, words):
    assert "".join("".join(pieces(text, words)).split()) == "".join(text.split())


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["", "A", "B two"]), TEXTS), max_size=6), st.integers(5, 60))
def test_passages_of_any_document_are_bounded_distinct_and_counted(sections, words):
    passages = split_document(document(*sections), words)
    assert len({passage.id for passage in passages}) == len(passages)
    assert [passage.position for passage in passages] == list(range(len(passages)))
    assert all(0 < size <= words for size in sizes(passages))
    written = {word for passage in passages for word in passage.text.split()}
    assert {word for _, text in sections for word in text.split()} <= written
