from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jmlr_cli.contracts.reader import Reader, UnreadableFile
from jmlr_cli.contracts.values import Document, Section
from jmlr_cli.corpus.folder import CorpusReader
from jmlr_cli.corpus.passages import split_document
from jmlr_cli.corpus.sources import Skipped
from jmlr_cli.errors import InputError
from jmlr_cli.plugins import Offer, Registry, registry


def write(root: Path, **contents: str) -> Path:
    """Files by name, where "__" stands for "/" and "_" before the ending for "."."""
    for name, text in contents.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def ids(*paths: Path) -> list[str]:
    return [document.id for document in CorpusReader(paths).documents()]


def skipped(*paths: Path) -> dict[str, str]:
    reader = CorpusReader(paths)
    list(reader.documents())
    return {entry.path: entry.reason for entry in reader.skipped}


class OddReader(Reader):
    """Reads a file by the word it holds."""

    suffixes = (".odd", ".TXT")

    def read(self, path, name):
        word = path.read_text()
        if word == "raise":
            raise RuntimeError("boom\nand more")
        if word == "half":
            yield Document(f"{name}-1", "", (Section("", "text"),))
            raise UnreadableFile("broke off")
        if word == "nothing":
            return
        if word == "wrong":
            yield "no document"
        yield Document("x\ud800\n", "a\x00 \n b", (Section("h\x07", "t\x01\ud800 \n\n \n\nend"),), {"k": "\udcff"})


def with_readers(*readers: type[Reader]) -> Registry:
    found = Registry([])
    found.offers += [Offer("reader", f"reader-{n}", reader, "", "third-party") for n, reader in enumerate(readers)]
    return found


def test_a_folder_is_read_deeply_in_sorted_order_by_relative_names(tmp_path):
    root = write(tmp_path / "g", b__z_txt="Z\nz", a__y_md="# Y\ny", c_TXT="C\nc", b__sub__x_txt="X\nx")
    assert ids(root) == ["c.TXT", "a/y.md", "b/z.txt", "b/sub/x.txt"]


def test_hidden_files_and_folders_are_left_out(tmp_path):
    root = write(tmp_path / "g", a_txt="A\na")
    write(root, **{".hidden_txt".replace("_", "."): "x"})
    (root / ".git").mkdir()
    (root / ".git" / "b.txt").write_text("b")
    assert ids(root) == ["a.txt"]
    assert skipped(root) == {}


def test_a_hidden_folder_that_is_asked_for_is_read(tmp_path):
    assert ids(write(tmp_path / ".notes", a_txt="A\na")) == ["a.txt"]


def test_a_file_given_by_itself_goes_by_its_name(tmp_path):
    assert ids(write(tmp_path, deep__a_txt="A\na") / "deep" / "a.txt") == ["a.txt"]


def test_with_several_paths_names_begin_with_what_tells_them_apart(tmp_path):
    write(tmp_path, one__g__a_txt="A\na", two__g__a_txt="A\na", two__b_txt="B\nb")
    assert ids(tmp_path / "one" / "g", tmp_path / "two") == ["g/a.txt", "two/b.txt", "two/g/a.txt"]
    assert ids(tmp_path / "one" / "g", tmp_path / "two" / "g") == ["one/g/a.txt", "two/g/a.txt"]
    assert ids(tmp_path / "one" / "g" / "a.txt", tmp_path / "two" / "b.txt") == ["a.txt", "b.txt"]


def test_a_file_below_two_of_the_paths_is_read_once(tmp_path):
    write(tmp_path, g__sub__a_txt="A\na")
    assert ids(tmp_path / "g", tmp_path / "g" / "sub", tmp_path / "g") == ["g/sub/a.txt"]
    assert skipped(tmp_path / "g", tmp_path / "g" / "sub") == {}


def test_of_a_beir_folder_only_the_corpus_is_read_wherever_it_lies(tmp_path):
    root = write(tmp_path / "data", note_txt="N\nn", scifact__README_md="# R\nr", scifact__qrels__train_tsv="1\t2\t3\n")
    for name, id in (("corpus", "4983"), ("queries", "q1")):
        (root / "scifact" / f"{name}.jsonl").write_text(json.dumps({"_id": id, "text": "words"}) + "\n")
    assert ids(root / "scifact") == ["4983"]
    assert ids(root) == ["note.txt", "4983"]


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path):
    root = write(tmp_path, a_txt="A\na", b_docx="x", empty_txt="", blank_md=" \n", none_jsonl="\n")
    (root / "binary.txt").write_bytes(b"\0\1")
    (root / "LICENSE").write_text("x")
    (root / "bad.jsonl").write_text("{")
    (root / "bad.pdf").write_bytes(b"%PDF-1.6")
    reasons = skipped(root)
    assert reasons.pop("bad.jsonl").startswith("line 1: no JSON")
    assert reasons.pop("bad.pdf").startswith("damaged PDF")
    assert reasons == {
        "LICENSE": "no reader for files without an ending",
        "b.docx": "no reader for .docx",
        "binary.txt": "binary file",
        "blank.md": "empty",
        "empty.txt": "empty",
        "none.jsonl": "empty",
    }


def test_pipes_links_to_nowhere_and_links_to_folders_hold_nothing_up(tmp_path):
    root = write(tmp_path / "g", a_txt="A\na")
    os.mkfifo(root / "pipe.txt")
    (root / "gone.txt").symlink_to(root / "nothing")
    (root / "round.txt").symlink_to(root / "round.txt")
    (root / "loop").symlink_to(root)
    (root / "same.txt").symlink_to(root / "a.txt")
    assert ids(root) == ["a.txt", "same.txt"]
    reasons = skipped(root)
    assert reasons["pipe.txt"] == "not a regular file"
    assert reasons["gone.txt"].startswith("broken link")
    assert reasons["round.txt"].startswith("broken link")
    assert reasons["loop"].startswith("a link to a folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_or_folder_without_permission_is_skipped(tmp_path):
    root = write(tmp_path, a_txt="A\na", b_txt="B\nb", c__d_txt="D\nd")
    (root / "b.txt").chmod(0)
    (root / "c").chmod(0)
    try:
        assert skipped(root) == {"b.txt": "Permission denied", str(root / "c"): "Permission denied"}
    finally:
        (root / "c").chmod(0o700)


def test_the_second_document_of_one_id_is_skipped(tmp_path):
    record = json.dumps({"_id": "1", "text": "words"})
    root = write(tmp_path, a_jsonl=record, b_jsonl=record)
    assert ids(root) == ["1"]
    assert skipped(root) == {"b.jsonl: 1": "another document has this id"}


def test_names_that_no_line_can_hold_are_written_with_escapes(tmp_path):
    root = write(tmp_path, a_txt="A\na")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff\nb.txt")).write_text("B\nb")
    (root / "Schön 喘息.txt").write_text("C\nc")
    assert sorted(ids(root)) == ["Schön 喘息.txt", "\\udcff\\nb.txt", "a.txt"]
    for document in CorpusReader([root]).documents():
        assert split_document(document)[0].document == document.id


def test_a_readers_surprises_harm_only_their_own_file(tmp_path):
    root = write(tmp_path, a_odd="raise", b_odd="half", c_odd="nothing", d_odd="wrong", e_odd="fine")
    reader = CorpusReader([root], with_readers(OddReader))
    assert len(list(reader.documents())) == 2
    assert reader.skipped[:3] == [
        Skipped("a.odd", "RuntimeError: boom\\nand more"),
        Skipped("b.odd", "broke off"),
        Skipped("c.odd", "empty"),
    ]
    assert reader.skipped[3].path == "d.odd"


def test_a_document_reaches_the_index_without_control_and_half_characters(tmp_path):
    (document,) = CorpusReader([write(tmp_path, a_odd="fine")], with_readers(OddReader)).documents()
    assert document == Document("x\\ud800\\n", "a b", (Section("h", "t\n\nend"),), {"k": " "})
    assert split_document(document)


def test_reading_twice_gives_the_same_documents_and_reasons(tmp_path):
    reader = CorpusReader([write(tmp_path, a_txt="A\na", b_docx="x")])
    assert list(reader.documents()) == list(reader.documents())
    assert len(reader.skipped) == 1


def test_progress_counts_files(tmp_path):
    reader = CorpusReader([write(tmp_path, a_txt="A\na", b_docx="x")])
    told = []
    list(reader.documents(lambda advance, total=None: told.append((advance, total))))
    assert told == [(1, 2), (1, 2)]


def test_a_path_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(InputError, match=r"there is no .*guidlines") as raised:
        CorpusReader([tmp_path, tmp_path / "guidlines"])
    assert raised.value.hint


def test_a_folder_without_files_is_an_error(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    with pytest.raises(InputError, match="there are no files in"):
        CorpusReader([tmp_path])


def test_a_corpus_without_any_readable_document_is_an_error_with_reasons(tmp_path):
    reader = CorpusReader([write(tmp_path, a_docx="x", b_docx="x", c_docx="x", d_docx="x", e_txt="")])
    with pytest.raises(InputError, match=r"a\.docx: no reader for \.docx; .*; and 2 more") as raised:
        list(reader.documents())
    assert ".pdf" in raised.value.hint


def test_two_readers_of_one_ending_are_an_error_that_names_both(tmp_path):
    class Another(OddReader):
        suffixes = (".odd",)

    with pytest.raises(InputError, match=r"\.odd.*'reader-0' and 'reader-1'"):
        CorpusReader([write(tmp_path, a_odd="fine")], with_readers(OddReader, Another))


def test_a_reader_that_cannot_be_imported_is_named_where_it_might_have_helped(tmp_path):
    readers = with_readers(OddReader)
    readers.offers.append(Offer("reader", "word", "no_such_module:Reader", "", "third-party"))
    reader = CorpusReader([write(tmp_path, a_odd="fine", b_docx="x")], readers)
    assert len(list(reader.documents())) == 1
    assert "no reader for .docx (the reader 'word' of third-party cannot be imported" in reader.skipped[0].reason


def test_the_built_in_readers_read_the_endings_they_promise():
    reader = {suffix for name in registry().names("reader") for suffix in registry().get("reader", name).suffixes}
    assert {".txt", ".md", ".markdown", ".html", ".htm", ".pdf", ".jsonl", ".tsv"} <= reader
