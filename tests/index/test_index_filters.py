"""Which passages a filter lets pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jmlr_cli.contracts.filters import Condition, conditions
from jmlr_cli.errors import InputError
from jmlr_cli.index.build import build_index
from jmlr_cli.index.open import Index, open_index

PAGES = {
    "who/malaria.md": {"source": "WHO", "date": "2021-03-05", "pages": "9", "note": 'a "quoted" word'},
    "who/old.md": {"source": "WHO, Geneva", "date": "2019"},
    "nice/gout.md": {"source": "NICE", "date": "2020-11", "pages": "10", "Überprüft": "ja"},
    "nice/asthma[1].md": {"source": "NICE", "date": "5 March 2024", "pages": "2.5"},
    "none.md": {},
    "star*.md": {"source": "*", "date.issued": "2020"},
}


@pytest.fixture
def index(tmp_path, overlap, passages) -> Index:
    """A passage for each page, whose text is its document's name."""
    every = [passages(f"page {name}", document=name, **metadata)[0] for name, metadata in PAGES.items()]
    every = [replace(passage, title=passage.document.split("/")[0]) for passage in every]
    build_index(tmp_path / "x", overlap(), every, 400)
    return open_index(tmp_path / "x", lambda config: overlap(config))


def passing(index: Index, *where: str) -> set[str]:
    found = index.within(conditions(where)).search(["page"], len(PAGES))[0]
    return {hit.passage.document for hit in found}


EVERY = set(PAGES)
NICE = {"nice/gout.md", "nice/asthma[1].md"}
CASES = {
    "source=NICE": NICE,
    " source = NICE ": NICE,
    "source=NICE,WHO": {*NICE, "who/malaria.md"},
    "source=WHO*": {"who/malaria.md", "who/old.md"},
    r"source=WHO\, Geneva": {"who/old.md"},
    r"source=\*": {"star*.md"},
    "source=*": EVERY - {"none.md"},
    "source!=*": {"none.md"},
    "source!=NICE": EVERY - NICE,
    "source!=NICE,WHO*": {"none.md", "star*.md"},
    'note=a "quoted" word': {"who/malaria.md"},
    "Überprüft=ja": {"nice/gout.md"},
    "date.issued=2020": {"star*.md"},
    "document=nice/*": NICE,
    "document=nice/asthma[1].md": {"nice/asthma[1].md"},
    "document=*.md": EVERY,
    "document=none.md,who/old.md": {"none.md", "who/old.md"},
    "document!=nice/*": EVERY - NICE,
    "title=who": {"who/malaria.md", "who/old.md"},
    "date>=2020": {"who/malaria.md", "nice/gout.md"},
    "date>2020": {"who/malaria.md"},
    "date<=2020": {"who/old.md", "nice/gout.md"},
    "date<2020-11": {"who/old.md"},
    "date>=2019-06": {"who/malaria.md", "who/old.md", "nice/gout.md"},
    "date<=2019-06": {"who/old.md"},
    "date<=2020-11-30": {"who/old.md", "nice/gout.md"},
    "date<2021-03-05": {"who/old.md", "nice/gout.md"},
    "pages<10": {"who/malaria.md", "nice/asthma[1].md"},
    "pages>=9": {"who/malaria.md", "nice/gout.md"},
    "pages>-1.5": {"who/malaria.md", "nice/gout.md", "nice/asthma[1].md"},
}


@pytest.mark.parametrize("where", CASES)
def test_a_filter_lets_pass_what_it_says(index, where):
    assert passing(index, where) == CASES[where]


def test_a_filter_may_have_thousands_of_values(index):
    many = ",".join(f"other/{number}.md" for number in range(3000))
    assert passing(index, f"document={many},none.md,who/*") == {"none.md", "who/malaria.md", "who/old.md"}
    assert passing(index, "source=" + ",".join(f"*x{number}" for number in range(3000)) + ",NICE") == NICE


def test_all_filters_must_hold(index):
    assert passing(index, "source=NICE", "document!=*asthma*", "date>=2020") == {"nice/gout.md"}
    assert {passage.document for passage in index.within(conditions(["source=NICE"])).of_document("who/old.md")} == set()
    view = index.within(conditions(["source=NICE"]))
    assert {hit.passage.document for hit in view.within(conditions(["date=2020-11"])).search(["page"], 9)[0]} == {"nice/gout.md"}


def test_the_best_among_those_that_pass_are_found(index):
    """They would not be among the best of all."""
    best = index.search(["page who/malaria.md"], 1)[0]
    assert best[0].passage.document == "who/malaria.md"
    behind = index.within(conditions(["source=NICE"])).search(["page who/malaria.md"], 2)[0]
    assert {hit.passage.document for hit in behind} == NICE
    assert [hit.rank for hit in behind] == [1, 2]


def test_the_ids_of_a_filter_are_looked_up_once(index):
    where = conditions(["source=NICE"])
    assert index.within(where) is index.within(list(where))
    assert index.within(()) is index
    given = []
    search = index.retriever.search
    index.retriever.search = lambda queries, k, **more: given.append(more) or search(queries, k, **more)
    for view in (index.within(where), index.within(where), index):
        view.search(["page"], 1)
    assert given[0]["only"] is given[1]["only"]
    assert given[2] == {}


@pytest.mark.parametrize(
    ("where", "message", "hint"),
    [
        ("sorce=NICE", "no passage of the index 'x' has the key 'sorce'", "Did you mean 'source'?"),
        ("zzz!=1", "has the key 'zzz'", "Its keys: document, title, date, date.issued, note, pages, source, Überprüft."),
        ("source=nice", "no passage of the index 'x' passes source=nice", "source is, for example: NICE, *, WHO, WHO, Geneva."),
        ("document=gout.md", "passes document=gout.md", "document is, for example: nice/"),
        ("'; DROP TABLE passages; --=1", "has the key", "Its keys"),
    ],
)
def test_a_filter_that_fits_nothing_is_told_with_what_there_is(index, where, message, hint):
    with pytest.raises(InputError) as raised:
        index.within(conditions([where]))
    assert message in str(raised.value)
    assert hint in raised.value.hint
    assert len(index.search(["page"], 9)[0]) == len(PAGES)


@pytest.mark.parametrize("value", ["' OR 1=1 --", '"', "\\", "%", "?"])
def test_a_value_is_only_ever_a_value(index, value):
    with pytest.raises(InputError, match="no passage of the index 'x' passes"):
        index.within((Condition("source", "=", (value,)),))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("source", "has no KEY=VALUE"),
        ("=NICE", "has no KEY=VALUE"),
        ("", "has no KEY=VALUE"),
        ("source=", "has an empty value"),
        ("source=NICE,,WHO", "has an empty value"),
        ("date>=soon", "neither one number nor one date"),
        ("date>=2020,2021", "neither one number nor one date"),
        ("date>=05/03/2021", "neither one number nor one date"),
    ],
)
def test_a_filter_that_cannot_be_read_is_told_in_a_sentence(text, told):
    with pytest.raises(ValueError, match=told):
        conditions([text])


@pytest.mark.parametrize("text", ["source=NICE,WHO", "date>=2020-01", r"source!=a\, b,c*", "a b<=-1.5"])
def test_a_condition_reads_as_it_was_written(text):
    assert str(Condition.parse(text)) == text
