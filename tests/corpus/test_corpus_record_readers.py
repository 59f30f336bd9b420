from __future__ import annotations

import codecs
import json
import tracemalloc

import pytest

from jmlr_cli.contracts.reader import UnreadableFile
from jmlr_plugins.readers.jsonl import JSONLinesReader
from jmlr_plugins.readers.tsv import TSVReader


def lines(*records) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_beir_records_keep_their_own_ids(read):
    told = {"year": 1999, "score": 0.5, "retracted": False, "tags": ["x", "y"], "empty": "", "none": None, "deep": {"a": 1}}
    record = {"_id": "4983", "title": "MRI", "text": "White matter.", "metadata": {"url": "u"}, "long": "word " * 1000, **told}
    (document,) = read(JSONLinesReader, "corpus.jsonl", lines(record))
    assert (document.id, document.title) == ("4983", "MRI")
    assert [(section.heading, section.text) for section in document.sections] == [("", "White matter.")]
    metadata = {"url": "u", "year": "1999", "score": "0.5", "retracted": "false", "tags": "x, y"}
    assert dict(document.metadata) == metadata


@pytest.mark.parametrize(
    "record",
    [
        {"id": 7, "contents": "Text"},
        {"id": "7", "title": "Anatomy", "content": "Text", "contents": "Anatomy. Text"},
        {"_id": 7, "id": "other", "text": "Text", "title": None},
        {"id": "7", "title": "Gout", "clean_text": "Text"},
    ],
)
def test_the_keys_of_pyserini_and_medrag_are_known(read, record):
    (document,) = read(JSONLinesReader, "a.jsonl", lines(record))
    assert (document.id, document.sections[0].text) == ("7", "Text")
    assert not document.metadata


def test_a_record_with_a_title_alone_can_still_be_found(read):
    (document,) = read(JSONLinesReader, "a.jsonl", lines({"_id": "1", "title": "Only a title", "text": ""}))
    assert (document.title, document.sections[0].text) == ("", "Only a title")


def test_a_record_without_words_has_no_sections(read):
    (document,) = read(JSONLinesReader, "a.jsonl", lines({"_id": "1", "text": " "}))
    assert document.sections == ()


def test_empty_lines_and_odd_separators_do_not_end_a_record(read):
    data = codecs.BOM_UTF8 + b"\n" + '{"_id": "1", "text": "a\u2028b"}\r\n\r\n'.encode()
    (document,) = read(JSONLinesReader, "a.jsonl", data)
    assert document.sections[0].text == "a\u2028b"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"_id": "2", "text": ', "line 2: no JSON"),
        (b'["list"]', "line 2: no JSON object"),
        (b'{"text": "x"}', "line 2: no '_id'"),
        (b'{"_id": "2", "question": "x"}', "line 2: no 'text'"),
        (b'{"_id": "2", "text": "\xff"}', "line 2: not UTF-8"),
        (b'{"_id": "1", "text": "again"}', "line 2: a second document with the id '1'"),
        (b'{"_id": ' + b"[" * 100_000, "line 2: "),
    ],
)
def test_a_bad_line_makes_the_whole_file_unreadable_and_is_named(read, tmp_path, bad, reason):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"_id": "1", "text": "fine"}\n' + bad + b"\n")
    documents = JSONLinesReader().read(path, "a.jsonl")
    with pytest.raises(UnreadableFile) as raised:
        next(documents)
    assert reason in str(raised.value)


def test_a_large_file_passes_through_little_memory(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(lines(*({"_id": str(n), "text": "word " * 2000} for n in range(1000))))
    tracemalloc.start()
    count = sum(1 for _ in JSONLinesReader().read(path, "a.jsonl"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 1000
    assert peak < path.stat().st_size / 5


def test_a_colbert_collection_is_read_without_quoting(read):
    documents = read(TSVReader, "collection.tsv", '0\tA "quoted\tGout\n1\tsecond " text\n')
    assert [(d.id, d.title, d.sections[0].text) for d in documents] == [("0", "Gout", 'A "quoted'), ("1", "", 'second " text')]


def test_the_head_of_a_table_is_no_passage(read):
    assert [d.id for d in read(TSVReader, "a.tsv", "id\ttext\ttitle\r\n1\tx\ty\r\n")] == ["1"]


@pytest.mark.parametrize("bad", ["just words", "\ttext", "1\ta\tb\tc", "0\tagain"])
def test_a_bad_row_is_named(read, bad):
    with pytest.raises(UnreadableFile, match="line 2: "):
        read(TSVReader, "a.tsv", f"0\tfine\n{bad}\n")
