from __future__ import annotations

import codecs

import pytest

from jmlr_plugins.readers.html import HTMLReader

PAGE = """<!DOCTYPE html><html><head><title>Asthma | NHS</title><style>p{}</style></head><body>
<header><p>Site banner</p></header><nav><a>Home</a></nav>
<main><article><header><h1>Asthma</h1></header>
<p>A lung <b>condition</b>.<br>Common.</p><!-- hidden -->
<h2>Treatment</h2><ul><li>Reliever</li><li><p>Preventer</p></li><li></li></ul><p>After the list.</p>
<h3>Doses</h3><table><tr><th>Drug</th><th>Dose</th></tr><tr><td>Salbutamol</td><td>100 <i>µg</i></td></tr></table>
<script>alert("x")</script><aside>Related</aside><form><input value="q"><button>Search</button>Search</form>
<noscript>Enable</noscript><template><p>tpl</p></template></article></main>
<footer>Copyright</footer></body></html>"""


def sections(document):
    return [(section.heading, section.text) for section in document.sections]


def test_a_page_gives_its_headings_paragraphs_lists_and_tables(read):
    (document,) = read(HTMLReader, "a.html", PAGE)
    assert document.title == "Asthma"
    assert sections(document) == [
        ("", "A lung condition.\nCommon."),
        ("Treatment", "- Reliever\n- Preventer\n\nAfter the list."),
        ("Treatment > Doses", "Drug | Dose\nSalbutamol | 100 µg"),
    ]


def test_the_page_title_serves_where_there_is_no_main_heading(read):
    (document,) = read(HTMLReader, "a.htm", "<title>\n Gout  facts </title><p>Crystals.</p>")
    assert (document.title, sections(document)) == ("Gout facts", [("", "Crystals.")])


def test_a_page_without_any_title_is_called_by_its_name(read):
    (document,) = read(HTMLReader, "chest_pain.html", "plain words")
    assert (document.title, sections(document)) == ("chest pain", [("", "plain words")])


def test_a_form_around_the_whole_page_is_not_dropped(read):
    (document,) = read(HTMLReader, "a.html", "<body><form id=aspnet><div><h1>Sepsis</h1><p>Act fast.</p></div></form></body>")
    assert (document.title, sections(document)) == ("Sepsis", [("", "Act fast.")])


def test_a_table_that_lays_out_the_page_is_read_as_a_page(read):
    page = "<table><tr><td><h1>T</h1><p>one</p><p>two</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    (document,) = read(HTMLReader, "a.html", page)
    assert (document.title, sections(document)) == ("T", [("", "one\n\ntwo\n\na | b")])


def test_preformatted_text_keeps_its_lines(read):
    (document,) = read(HTMLReader, "a.html", "<p>x</p><pre>Day 1  5 mg\nDay 2  10 mg</pre>")
    assert sections(document) == [("", "x\n\nDay 1  5 mg\nDay 2  10 mg")]


@pytest.mark.parametrize("depth", [300, 20_000])
def test_deep_nesting_neither_breaks_nor_loses_text(read, depth):
    page = f"<body>{'<div><ul><li>' * depth}deep{'</li></ul></div>' * depth}<p>after</p></body>"
    (document,) = read(HTMLReader, "a.html", page)
    assert document.sections[0].text == "- deep\n\nafter"


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="shift_jis"><p>喘息'.encode("shift_jis"),
        '<?xml version="1.0" encoding="euc-jp"?><html><body><p>喘息</p></body></html>'.encode("euc-jp"),
        '<meta charset="utf-8"><p>喘息'.encode(),
        "<p>喘息".encode(),
        codecs.BOM_UTF8 + '<meta charset="iso-8859-1"><p>喘息'.encode(),
        "<p>喘息".encode("utf-16"),
        '<meta charset="no-such-charset"><p>喘息'.encode(),
        '<meta charset="punycode"><p>喘息'.encode(),  # Python has it, in time that grows with the square of the page
    ],
)
def test_the_declared_charset_is_honoured(read, data):
    (document,) = read(HTMLReader, "a.html", data)
    assert document.sections[0].text == "喘息"


def test_latin_1_means_what_browsers_take_it_for(read):
    (document,) = read(HTMLReader, "a.html", '<meta charset="iso-8859-1"><p>5 µg – “now”'.encode("cp1252"))
    assert document.sections[0].text == "5 µg – “now”"


def test_a_heading_that_was_never_closed_is_read_as_text(read):
    (document,) = read(HTMLReader, "a.html", f"<title>T</title><h2><div><p>{'word ' * 50}</p><p>end</p></div></h2>")
    assert sections(document) == [("", ("word " * 50).strip() + "\n\nend")]


def test_meta_tags_tell_author_date_and_source(read):
    page = """<head><title>T</title><meta name="Author" content="A. Writer"><meta name="author" content="B. Other">
        <meta property="article:published_time" content="2021-03-05T10:00:00Z"><meta name="viewport" content="width=5">
        <meta property="og:site_name" content="a portal"><meta name="DC.Publisher" content="WHO"></head><p>text"""
    (document,) = read(HTMLReader, "a.html", page)
    told = {"author": "A. Writer, B. Other", "date": "2021-03-05T10:00:00Z", "source": "WHO"}
    assert dict(document.metadata) == told


def test_a_page_that_tells_nothing_of_itself_has_no_metadata(read):
    (document,) = read(HTMLReader, "a.html", '<meta charset="utf-8"><meta name="author" content=" "><p>text')
    assert not document.metadata


@pytest.mark.parametrize(("told", "date"), [("2019/12/30", "2019-12-30"), ("2019/3", "2019-03"), ("May 2019", "May 2019")])
def test_google_scholars_dates_are_compared_as_others_are(read, told, date):
    (document,) = read(HTMLReader, "a.html", f'<meta name="citation_publication_date" content="{told}"><p>text')
    assert document.metadata["date"] == date
