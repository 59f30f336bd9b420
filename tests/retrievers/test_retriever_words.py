"""Words: what BM25 sees of a text."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.errors import InputError
from jmlr_plugins.retrievers.bm25.words import identity, singular, tokenizer

bare = tokenizer("none", "none")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Beta-blockers, 2.5 MG; Ménière's ДОЗА!", ["beta", "blockers", "2", "5", "mg", "ménière", "s", "доза"]),
        ("COVID-19 IL-2 5-HT3 mg/kg", ["covid", "19", "il", "2", "5", "ht3", "mg", "kg"]),
        ("Straße ΣΟΦΌΣ", ["strasse", "σοφόσ"]),
        ("ﬁbrosis ＡＢＣ m²", ["fibrosis", "abc", "m2"]),
        ("hyper\u00adtension", ["hypertension"]),
        ("हिन्दी में दवा", ["हिन्दी", "में", "दवा"]),
        ("破傷風 GABA受容体 口", ["破傷", "傷風", "gaba", "受容", "容体", "口"]),
        ("ยาแก้", ["ยา", "าแ", "แก", "ก้"]),
        ("", []),
        ("?! — …", []),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_any_script(text, words):
    assert bare(text) == words


@given(st.text(alphabet=st.sampled_from("aéêñöşщй́ 1-"), max_size=30))
def test_words_do_not_depend_on_how_accents_are_written(text):
    assert bare(normalize("NFC", text)) == bare(normalize("NFD", text))


def test_codes_come_whole_beside_their_parts_when_asked():
    words = tokenizer("none", "none", codes=True)
    assert words("COVID-19, 0.5 mg/kg of a beta-blocker") == [
        *("covid", "19", "0", "5", "mg", "kg", "of", "a", "beta", "blocker"),
        *("covid19", "0.5"),
    ]
    assert words("IL-2")[-1] == words("il\u20112")[-1] == bare("IL2")[-1]


def test_function_words_and_plural_endings_go_by_default():
    assert tokenizer("english", "s")("The therapies of these diseases") == ["therapy", "disease"]


def test_ones_own_words_can_be_left_out():
    assert tokenizer(("the", "Patient", "follow-up"), "none")("The PATIENT is at follow-up") == ["is", "at"]


@pytest.mark.parametrize(
    ("word", "stem"),
    {
        "therapies": "therapy",
        "diseases": "disease",
        "drugs": "drug",
        "virus": "virus",
        "abscess": "abscess",
        "toes": "toes",
    }.items(),
)
def test_the_s_stemmer_follows_its_first_fitting_rule(word, stem):
    assert singular(word) == stem


@pytest.mark.parametrize(
    ("stemmer", "text", "words"),
    [
        ("english", "infected infections", ["infect", "infect"]),
        ("porter", "relational", ["relat"]),
        ("french", "continuellement", ["continuel"]),
        ("german", "Krankheiten", ["krankheit"]),
    ],
)
def test_a_snowball_stemmer_folds_its_languages_words(stemmer, text, words):
    assert tokenizer("none", stemmer)(text) == words


def test_an_unknown_stemmer_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"retriever.options.stemmer: .*'klingon'.* english, .*french"):
        make_retriever(RetrieverConfig(plugin="bm25", options={"stemmer": "klingon"}))


def test_an_index_knows_its_words_by_their_options():
    same = identity(("b", "a"), "none", False), identity(("a", "b"), "none", False)
    assert same[0] == same[1]
    assert (
        len({identity(s, t, c) for s in ("none", "english", ("english",)) for t in ("none", "s", "english") for c in (0, 1)})
        == 18
    )
