from __future__ import annotations

import codecs

import pytest

from jmlr_cli.contracts.reader import UnreadableFile
from jmlr_plugins.readers.text import TextReader

GUIDELINE = """ABORTION \r
Introduction\r
Loss of a pregnancy before viability.\r
\r
CLINICAL FEATURES OF ABORTION \r
• Vaginal bleeding\r
    CVA\r
\r
TREATMENT OF A VERY LONG DISEASE\r
(BEING THE OLD NAME)\r
Give fluids.\r
\r
STOP OXYTOCIN\r
\r
CALL FOR HELP\r
"""


def headings(document):
    return [section.heading for section in document.sections]


def test_a_guideline_has_its_title_and_its_headings_in_capitals(read):
    (document,) = read(TextReader, "nstg/ABORTION.txt", GUIDELINE)
    assert document.id == "nstg/ABORTION.txt"
    assert document.title == "ABORTION"
    assert headings(document) == [
        "",
        "CLINICAL FEATURES OF ABORTION",
        "TREATMENT OF A VERY LONG DISEASE (BEING THE OLD NAME)",
    ]
    assert "CVA" in document.sections[1].text


def test_a_heading_without_text_of_its_own_is_not_lost(read):
    (document,) = read(TextReader, "a.txt", GUIDELINE)
    text = document.sections[-1].text
    assert "STOP OXYTOCIN" in text
    assert "CALL FOR HELP" in text


def test_a_capital_line_within_a_paragraph_is_text(read):
    (document,) = read(TextReader, "a.txt", "Title\nSome words\nDIFFERENTIAL DIAGNOSES\nmore words\n")
    assert headings(document) == [""]
    assert "DIFFERENTIAL DIAGNOSES" in document.sections[0].text


def test_a_sentence_in_capitals_is_no_heading(read):
    warning = "DO NOT GIVE ASPIRIN TO CHILDREN."
    (document,) = read(TextReader, "a.txt", f"Title\n\nText\n\n{warning}\nMore text.\n")
    assert headings(document) == [""]
    assert warning in document.sections[0].text


@pytest.mark.parametrize(
    "first",
    ["The first line of this file is a whole sentence of more than fifteen words and so no title", "Take it with water."],
)
def test_a_file_that_begins_with_a_sentence_is_called_by_its_name(read, first):
    (document,) = read(TextReader, "chest_pain.txt", f"{first}\nSecond line.\n")
    assert document.title == "chest pain"
    assert document.sections[0].text.startswith(first)


def test_a_single_line_stays_text(read):
    (document,) = read(TextReader, "note.txt", "Aspirin")
    assert (document.title, document.sections[0].text) == ("note", "Aspirin")


@pytest.mark.parametrize(
    "data",
    [
        "Größe\n5 µg".encode(),
        codecs.BOM_UTF8 + "Größe\n5 µg".encode(),
        "Größe\n5 µg".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Größe\n5 µg".encode("utf-16-be"),
        "Größe\n5 µg".encode("cp1252"),
    ],
)
def test_the_usual_encodings_give_the_same_document(read, data):
    (document,) = read(TextReader, "a.txt", data)
    assert (document.title, document.sections[0].text) == ("Größe", "5 µg")


def test_bytes_that_windows_does_not_know_are_read_as_latin_1(read):
    (document,) = read(TextReader, "a.txt", b"Title\ncaf\xe9 \x81\n")
    assert document.sections[0].text.startswith("café")


@pytest.mark.parametrize(("data", "reason"), [(b"\x7fELF\0\1", "binary file"), (codecs.BOM_UTF16_LE + b"\x00\xd8a", "UTF-16")])
def test_what_is_no_text_is_unreadable(read, data, reason):
    with pytest.raises(UnreadableFile, match=reason):
        read(TextReader, "a.txt", data)


def test_a_file_of_many_empty_and_capital_lines_is_read_in_linear_time(read):
    (document,) = read(TextReader, "a.txt", "Title\n" + "\n" * 100_000 + "CAPITALS\n\n" * 20_000 + "end")
    assert document.sections[-1].text == "end"
