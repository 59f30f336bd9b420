from __future__ import annotations

from jmlr_plugins.readers.markdown import MarkdownReader


def sections(document):
    return [(section.heading, section.text) for section in document.sections]


def test_sections_stand_under_the_path_of_their_headings(read):
    (document,) = read(
        MarkdownReader,
        "a.md",
        "# Malaria\nIntro\n\n## Treatment\n### **Children** of [5](x)\nACT\n### Adults\nAlso ACT\n## Prevention\nNets\n",
    )
    assert document.title == "Malaria"
    assert sections(document) == [
        ("", "Intro"),
        ("Treatment > Children of 5", "ACT"),
        ("Treatment > Adults", "Also ACT"),
        ("Prevention", "Nets"),
    ]


def test_an_underlined_line_is_a_heading(read):
    (document,) = read(MarkdownReader, "a.md", "Malaria\n=======\nIntro\n\nDoses\n-----\nTwo\n")
    assert document.title == "Malaria"
    assert sections(document) == [("", "Intro"), ("Doses", "Two")]


def test_a_comment_in_a_code_block_is_no_heading(read):
    text = "# T\n```sh\n# not a heading\n```\n    # nor this\n"
    (document,) = read(MarkdownReader, "a.md", text)
    assert [heading for heading, _ in sections(document)] == [""]
    assert "# not a heading" in document.sections[0].text


def test_a_heading_within_a_quotation_is_text(read):
    (document,) = read(MarkdownReader, "a.md", "# T\n> ## Quoted\n> words\n\n- # listed\n")
    assert sections(document) == [("", "> ## Quoted\n> words\n\n- # listed")]


def test_a_heading_is_shown_without_its_markup(read):
    (document,) = read(MarkdownReader, "a.md", '# <a id="x"></a>Use of `INR` *now*\ntext')
    assert document.title == "Use of INR now"


def test_a_second_heading_of_the_first_level_is_a_section(read):
    (document,) = read(MarkdownReader, "a.md", "# One\na\n# Two\nb\n## Three\nc")
    assert document.title == "One"
    assert sections(document) == [("", "a"), ("Two", "b"), ("Two > Three", "c")]


def test_front_matter_gives_title_and_metadata_and_is_not_shown(read):
    values = "title: Sepsis\nyear: 2022\ntags: [a, b]\nwhen: 2024-01-31\ndraft: false\nnone:\ndeep: {a: 1}\n"
    text = f"---\n{values}---\nText\n# First\nMore\n"
    (document,) = read(MarkdownReader, "a.md", text)
    assert document.title == "Sepsis"
    assert dict(document.metadata) == {"year": "2022", "tags": "a, b", "when": "2024-01-31", "draft": "false"}
    assert sections(document) == [("", "Text"), ("First", "More")]


def test_dashes_that_hold_no_front_matter_are_text(read):
    for text in ("---\njust a line\n---\nText", "---\nNote: read: this\nand that\n---\nText", "---\n- [\n---\nText"):
        (document,) = read(MarkdownReader, "a.md", text)
        assert document.sections[-1].text.endswith("Text")
        assert not document.metadata


def test_front_matter_with_a_slip_keeps_its_lines_of_key_and_value(read):
    """A colon within a title is the usual one; a date that there is not is another."""
    for slip, kept in (("title: Gout: a review", {}), ("when: 2024-02-31", {"when": "2024-02-31"}), ("tags: [a", {"tags": "[a"})):
        (document,) = read(MarkdownReader, "a.md", f"---\n{slip}\nsource: 'NICE'\nlist:\n  - x\n---\nText\n")
        assert document.title == ("Gout: a review" if "title" in slip else "a")
        assert dict(document.metadata) == {"source": "NICE", **kept}
        assert sections(document) == [("", "Text")]


def test_a_source_line_below_the_title_becomes_metadata(read):
    (document,) = read(MarkdownReader, "a.md", "# Gout\nSource: NIH https://example.org/gout\n\n## What is it?\nCrystals.\n")
    assert dict(document.metadata) == {"source": "NIH", "url": "https://example.org/gout"}
    assert sections(document) == [("What is it?", "Crystals.")]


def test_a_source_line_elsewhere_is_text(read):
    (document,) = read(MarkdownReader, "a.md", "# Gout\n## Pain\nSource: the toe\n")
    assert sections(document) == [("Pain", "Source: the toe")]


def test_a_file_without_headings_is_called_by_its_name(read):
    (document,) = read(MarkdownReader, "deep/chest_pain.markdown", "Some text\r\non two lines\r\n")
    assert document.title == "chest pain"
    assert sections(document) == [("", "Some text\non two lines")]


def test_a_heading_without_words_leaves_no_gap_in_the_path(read):
    (document,) = read(MarkdownReader, "a.md", "# T\n## A\n### \nx\n#### B\ny\n")
    assert [heading for heading, _ in sections(document)] == ["A", "A > B"]


def test_deeply_nested_quotes_do_not_break_the_reader(read):
    (document,) = read(MarkdownReader, "a.md", "# T\n" + ">" * 5000 + " deep\n\n## H\nafter\n")
    assert sections(document)[-1] == ("H", "after")
