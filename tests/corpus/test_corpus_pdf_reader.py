from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from jmlr_cli.contracts.reader import UnreadableFile
from jmlr_plugins.readers.pdf import PDFReader
from jmlr_plugins.readers.unwrap import unwrapped

PAGES = [
    [
        "Management of Asthma",
        "Inhaled salbutamol relieves the symptoms of asthma and treat-",
        "ment with a steroid prevents them over many months and many years.",
    ],
    [],
    ["Children need a spacer."],
]


def described(data: bytes, **info: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.metadata = {f"/{key}": value for key, value in info.items()}
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def encrypted(data: bytes, user: str, owner: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user, owner, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_each_page_with_text_is_a_section_called_by_its_number(read, make_pdf):
    (document,) = read(PDFReader, "a.pdf", make_pdf(PAGES, title="Asthma guideline"))
    assert document.title == "Asthma guideline"
    assert [section.heading for section in document.sections] == ["page 1", "page 3"]
    assert document.sections[0].text == (
        "Management of Asthma\nInhaled salbutamol relieves the symptoms of asthma and treatment"
        " with a steroid prevents them over many months and many years."
    )


@pytest.mark.parametrize("title", ["", "untitled", "Microsoft Word - asthma_v3.doc", "asthma.indd"])
def test_a_title_that_a_program_made_up_gives_way_to_the_first_line(read, make_pdf, title):
    (document,) = read(PDFReader, "a.pdf", make_pdf(PAGES, title=title))
    assert document.title == "Management of Asthma"


@pytest.mark.parametrize(
    ("info", "metadata"),
    [
        ({"Author": " A.  Writer ", "CreationDate": "D:20210305120000+01'00'"}, {"author": "A. Writer", "date": "2021-03-05"}),
        ({"CreationDate": "yesterday", "Producer": "a program"}, {}),
        ({"CreationDate": "D:20210231000000Z"}, {}),
    ],
)
def test_the_author_and_the_day_are_metadata_where_the_file_tells_them(read, make_pdf, info, metadata):
    (document,) = read(PDFReader, "a.pdf", described(make_pdf(PAGES), **info))
    assert dict(document.metadata) == metadata


def test_a_pdf_that_begins_with_a_sentence_is_called_by_its_name(read, make_pdf):
    (document,) = read(PDFReader, "chest_pain.pdf", make_pdf(PAGES[2:]))
    assert document.title == "chest pain"


def test_a_pdf_locked_only_against_changes_is_read(read, make_pdf):
    (document,) = read(PDFReader, "a.pdf", encrypted(make_pdf(PAGES), user="", owner="secret"))
    assert document.sections[-1].text == "Children need a spacer."


def test_a_pdf_with_a_password_is_unreadable(read, make_pdf):
    with pytest.raises(UnreadableFile, match=r"^encrypted$"):
        read(PDFReader, "a.pdf", encrypted(make_pdf(PAGES), user="secret", owner="secret"))


def test_a_pdf_with_an_encryption_that_cannot_be_undone_is_unreadable(read, make_pdf):
    keys = "".join(f"/{key} <{'00' * length}> " for key, length in (("O", 48), ("U", 48), ("OE", 32), ("UE", 32), ("Perms", 16)))
    filters = "/CF << /StdCF << /CFM /AESV3 /Length 32 >> >> /StmF /StdCF /StrF /StdCF"
    aes = f"<< /Filter /Standard /V 5 /R 6 /Length 256 /P -44 {keys}{filters} >>"
    with pytest.raises(UnreadableFile, match="encrypted"):
        read(PDFReader, "a.pdf", make_pdf(PAGES, encrypt=aes))


def test_running_titles_and_page_numbers_are_left_out_and_doses_are_not(read, make_pdf):
    doses = {1: 5, 2: 20, 3: 5, 4: 40}
    pages = [["Asthma 2024", f"Words of a page with {dose} mg", f"Dose {dose} mg", f"Page {n} of 4"] for n, dose in doses.items()]
    (document,) = read(PDFReader, "a.pdf", make_pdf(pages, title="Asthma"))
    assert [section.text for section in document.sections][:2] == [
        "Words of a page with 5 mg Dose 5 mg",
        "Words of a page with 20 mg Dose 20 mg",
    ]


def test_two_pages_alike_are_no_running_titles(read, make_pdf):
    (document,) = read(PDFReader, "a.pdf", make_pdf([["Contents", "Asthma"], ["Contents", "Gout"]], title="T"))
    assert all(section.text.startswith("Contents") for section in document.sections)


def test_a_pdf_without_text_is_taken_for_a_scan(read, make_pdf):
    with pytest.raises(UnreadableFile, match="no text"):
        read(PDFReader, "a.pdf", make_pdf([[], []]))


SEEKS_TOO_FAR = (  # pypdf goes back twenty bytes where there are fewer
    b"%PDF-1.4\n1 0 obj\x00Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\nxref\n0 3\n"
    b"0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \ntrailer << /Size 3 /Root 1 0 R >>\nstartxref\n107\n%%EOF\n"
)


@pytest.mark.parametrize("data", [b"not a PDF at all", b"%PDF-1.6\ntruncated", SEEKS_TOO_FAR])
def test_a_damaged_pdf_is_unreadable_and_says_so(read, data, caplog):
    with pytest.raises(UnreadableFile, match="damaged PDF"):
        read(PDFReader, "a.pdf", data)
    assert not caplog.records


def test_half_a_pdf_never_raises_anything_else(read, make_pdf):
    data = make_pdf(PAGES)
    for length in range(0, len(data), 97):
        try:
            read(PDFReader, "a.pdf", data[:length])
        except UnreadableFile:
            continue


def test_lines_become_paragraphs():
    page = (
        "Dosage\n"
        "Give the first dose as soon as the diagnosis is made and repeat\n"
        "it after six hours.\n"
        "Watch for a non-\n"
        "Hodgkin lymphoma and for side ef\xad\n"
        "fects.\n"
        "• one item that is long enough to reach the end of the line\n"
        "• another\n"
    )
    assert unwrapped(page).split("\n") == [
        "Dosage",
        "Give the first dose as soon as the diagnosis is made and repeat it after six hours.",
        "Watch for a non-",
        "Hodgkin lymphoma and for side effects.",
        "• one item that is long enough to reach the end of the line",
        "• another",
    ]
