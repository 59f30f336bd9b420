"""Whatever a folder of documents holds, indexing ends soon, in little memory, and says what it left out and why."""

from __future__ import annotations

import codecs
import gzip
import json
import os
import resource
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from jmlr_cli.plain import UNSAFE
from tests.thorough import THOROUGH

TEXT = "Colchicine treats gout, naïve café ≥ 5 µg. Сердце. 心臓. 👩‍⚕️ "
MEMORY = 1024
"""MiB that a process may take while it reads any of them; 200 of them are what jmlr takes for itself."""

SECONDS = 30
"""Of processor time."""


def pdf(stream: bytes, encrypt: str = "") -> bytes:
    """A PDF of one page with this compressed content."""
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    data, places = b"%PDF-1.6\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"xref\n0 6\n0000000000 65535 f \n" + table + b"trailer << /Size 6 /Root 1 0 R %s >>\n" % encrypt.encode()
    return data + tail + b"startxref\n%d\n%%%%EOF\n" % len(data)


LOCKED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'11' * 32}> /U <{'22' * 32}> >> /ID [<{'00' * 16}> <{'00' * 16}>]"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp1251", "koi8-r",
             "shift_jis", "gb18030", "euc-kr", "iso2022_jp", "cp037", "utf-7")  # fmt: skip
UNICODE = ("\ufeff", "\ufffe", "\ud7ff", "\U0010ffff", "e" + "\u0301" * 5000, "\u202e", "\u2028", "﷽" * 100, "\u0000", "\x85",
           "Z\u0351\u036b" * 500, "ﬁ", "\u1f468\u200d\u1f469", "İı", "ß")  # fmt: skip


def write_nasty(folder: Path, megabytes: int) -> None:
    """A corpus of everything that goes wrong, and one good page."""
    folder.mkdir()
    files: dict[str, bytes] = {
        "good.md": b"# Gout\n\nColchicine treats gout.\n",
        "empty.md": b"", "blank.txt": b" \n\t\n", "nul.txt": b"a\0b" * 100, "nul.md": b"\0" * 5000, "nul.jsonl": b"\0" * 5000,
        "nul.html": b"<p>a\0b</p>", "only-nul.pdf": b"\0" * 5000, "not-a.pdf": b"%PDF-1.7\n" + b"rubbish" * 1000,
        "scan.pdf": pdf(zlib.compress(b"q Q")), "locked.pdf": pdf(zlib.compress(b"BT (a) Tj ET"), LOCKED),
        "bomb.pdf": pdf(zlib.compress(b"BT /F1 12 Tf (" + b"a" * megabytes * 5_000_000 + b") Tj ET", 9)),
        "bomb-of-bombs.pdf": pdf(zlib.compress(zlib.compress(b"\0" * megabytes * 5_000_000, 9), 9)),
        "bomb.txt.gz": gzip.compress(b"\0" * megabytes * 1_000_000), "bomb.html": gzip.compress(b"\0" * megabytes * 1_000_000),
        "deep.html": b"<div>" * 10_000 + b"deep" + b"</div>" * 10_000, "open.html": b"<b><i><table><tr><td>" * 10_000 + b"open",
        "entities.html": b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><p>&b;' + b"&b;" * 10_000,
        "attributes.html": b"<p " + b"a='b' " * 20_000 + b">many</p>",
        "deep.jsonl": b'{"_id": "1", "text": ' + b"[" * 100_000, "number.jsonl": b'{"_id": ' + b"9" * 100_000 + b', "text": "x"}',
        "deep.md": b"> " * 10_000 + b"deep", "list.md": b"- " * 10_000 + b"deep", "brackets.md": b"# " + b"[" * 20_000,
        "emphasis.md": b"# " + b"*a_" * 10_000, "links.md": b"# " + b"[a](" * 10_000, "columns.tsv": b"\t" * 100_000,
        "same-id.jsonl": b'{"_id": "1", "text": "a"}\n{"_id": "1", "text": "b"}\n', "half.jsonl": b'{"_id": "1", "te',
        "surrogate.jsonl": json.dumps({"_id": "\ud800", "text": "\udfff half \ud800"}).encode(),
        "ids-1.jsonl": b'{"_id": "twice", "text": "one"}\n', "ids-2.jsonl": b'{"_id": "twice", "text": "two"}\n',
        "line.txt": b"fever and gout. " * (megabytes * 62_500), "word.txt": b"x" * (megabytes * 1_000_000),
        "line.jsonl": b'{"_id": "1", "text": "' + b"x" * (megabytes * 1_000_000) + b'"}',
        "no-ending": b"x", "a.docx": b"PK\x03\x04",
        "line\nbreak.md": b"# Broken name\n\ntext\n", "-rf.md": b"# Option\n\ntext\n", "$(touch ran).md": b"# Shell\n\ntext\n",
        "\u202eexe.md": b"# Turned\n\ntext\n", "%s%n{0}.md": b"# Format\n\ntext\n", "[bold]x[-bold].md": b"# Markup\n\ntext\n",
    }  # fmt: skip
    files |= {f"{name}.txt": TEXT.encode(name, "replace") * 20 for name in ENCODINGS}
    files |= {f"declared-{name}.html": f"<meta charset={name}>{TEXT}".encode(name, "replace") for name in ENCODINGS}
    files |= {f"unicode-{n}.md": f"# {text}\n\n{text} {TEXT}".encode() for n, text in enumerate(UNICODE)}
    files |= {
        f"mark-{n}.txt": mark + b"\xff\xfe\xd8" for n, mark in enumerate((codecs.BOM_UTF8, codecs.BOM_UTF16, codecs.BOM_UTF32))
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / os.fsdecode(b"bytes-\xff\xfe.md")).write_bytes(b"# Bytes\n\ntext\n")
    os.mkfifo(folder / "pipe.txt")
    (folder / "round.txt").symlink_to("round.txt")
    (folder / "loop").symlink_to(folder)
    (folder / "a").mkdir()
    (folder / "a" / "b").symlink_to(folder / "b", target_is_directory=True)
    (folder / "b").symlink_to(folder / "a", target_is_directory=True)
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "out.txt").symlink_to("/etc/hostname")


REASONS = {
    "empty.md": "empty", "blank.txt": "empty", "nul.txt": "binary file", "nul.md": "binary file", "nul.html": "binary file",
    "nul.jsonl": "line 1", "only-nul.pdf": "damaged PDF", "not-a.pdf": "damaged PDF", "scan.pdf": "no text (a scan?)",
    "locked.pdf": "encrypted", "bomb.txt.gz": "no reader for .gz", "deep.jsonl": "line 1", "number.jsonl": "line 1",
    "same-id.jsonl": "a second document", "half.jsonl": "no JSON", "line.txt": "larger than 16 MiB",
    "word.txt": "larger than 16 MiB", "line.jsonl": "line 1: longer than 16 MiB", "pipe.txt": "not a regular file",
    "round.txt": "broken link", "loop": "a link to a folder", "zero.txt": "a link that leads out", "no-ending": "no reader",
    "out.txt": "a link that leads out", "a.docx": "no reader", "ids-2.jsonl: twice": "another document has this id",
    "mark-1.txt": "damaged UTF-16", "open.html": "nested too deep",
}  # fmt: skip

LIMITED = (
    f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({MEMORY * 2**20},) * 2);"
    "resource.setrlimit(resource.RLIMIT_CPU, ({seconds},) * 2)"
)


def test_a_corpus_of_nasty_files_is_indexed_but_for_what_cannot_be(forks, tmp_path):
    write_nasty(tmp_path / "nasty", 200 if THOROUGH else 20)
    done = forks(tmp_path, "index", "nasty", "--retriever", "bm25", "--json", before=LIMITED.format(seconds=10 * SECONDS))
    assert done.code == 0, (done.out, done.err)
    result = json.loads(done.out)
    reasons = {each["path"]: each["reason"] for each in result["skipped"]}
    assert {path: reason for path, reason in REASONS.items() if reason not in reasons.get(path, "")} == {}
    assert all(reason and "Traceback" not in reason and len(reason) < 300 for reason in reasons.values()), reasons
    assert not (tmp_path / "ran").exists()
    found = json.loads(forks(tmp_path, "search", "Colchicine gout", "-k", "200", "--json").out)["hits"]
    documents = {hit["document"] for hit in found}
    assert {"good.md", "utf-8.txt", "utf-16.txt", "latin-1.txt", "declared-shift_jis.html"} <= documents
    assert not [name for name in documents if UNSAFE.search(name) or "\n" in name]


@pytest.fixture
def secret(tmp_path) -> Path:
    """A file that is not in the guidelines, and says so."""
    (tmp_path / "outside").mkdir()
    secret = tmp_path / "outside" / "patients.txt"
    secret.write_text("PATIENTS\nMrs Secret has gout and takes colchicine.\n")
    return secret


def test_links_that_lead_out_of_the_folder_are_not_followed(forks, secret, tmp_path):
    folder = tmp_path / "guidelines"
    (folder / "kept").mkdir(parents=True)
    (folder / "kept" / "gout.md").write_text("# Gout\n\nColchicine treats gout.\n")
    (folder / "same.md").symlink_to("kept/gout.md")
    (folder / "direct.txt").symlink_to(secret)
    (folder / "relative.txt").symlink_to("../outside/patients.txt")
    (folder / "first.txt").symlink_to("second.txt")
    (folder / "second.txt").symlink_to(secret)
    (folder / "whole").symlink_to(secret.parent)
    (tmp_path / "guidelines-too").mkdir()
    (tmp_path / "guidelines-too" / "x.txt").write_text(secret.read_text())
    (folder / "beside.txt").symlink_to(tmp_path / "guidelines-too" / "x.txt")
    result = json.loads(forks(tmp_path, "index", "guidelines", "--retriever", "bm25", "--json").out)
    assert {each["path"] for each in result["skipped"]} == {
        "direct.txt", "relative.txt", "first.txt", "second.txt", "whole", "beside.txt"
    }  # fmt: skip
    hits = json.loads(forks(tmp_path, "search", "Secret gout", "--json").out)["hits"]
    assert {hit["document"] for hit in hits} == {"kept/gout.md", "same.md"}


def test_a_link_that_the_user_names_is_followed(forks, secret, tmp_path):
    (tmp_path / "g").symlink_to(secret.parent)
    assert json.loads(forks(tmp_path, "index", "g", "--retriever", "bm25", "--json").out)["documents"] == 1


QUESTIONS: dict[str, Callable[[int], bytes]] = {
    "empty": lambda size: b"",
    "nul": lambda size: b"\0" * 1000,
    "utf-16": lambda size: '{"question": "q", "answer": "a"}'.encode("utf-16"),
    "deep": lambda size: b"[" * 100_000,
    "deep-records": lambda size: b'{"question": ' * 50_000,
    "number": lambda size: b'[{"question": ' + b"9" * 100_000 + b"}]",
    "same-id": lambda size: b'{"id": "1", "question": "q", "answer": "a"}\n' * 2,
    "csv-cell": lambda size: b'"' + b"x" * size + b'",a,b,A',
    "quotes": lambda size: b'"' * size,
    "rubbish-parquet": lambda size: b"PAR1" + b"\xff" * 10_000 + b"PAR1",
    "line": lambda size: b'{"question": "' + b"x" * size,
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_nasty_question_file_gets_a_sentence(forks, tmp_path, name):
    size = 200_000_000 if THOROUGH else 20_000_000
    (tmp_path / "q.jsonl").write_bytes(QUESTIONS[name](size))
    done = forks(tmp_path, "eval", "q.jsonl", "--recipe", "tiny", "--mode", "closed", "--json",
                 before=LIMITED.replace(str(MEMORY * 2**20), str(size * 60 + 2**30)).format(seconds=2 * SECONDS))  # fmt: skip
    assert done.code in (3, 4), (done.out, done.err)
    error = json.loads(done.out)
    assert "q.jsonl" in error["message"]
    assert len(error["message"]) < 600


def test_the_limit_works(forks, tmp_path):
    done = forks(tmp_path, "recipes", "--json", before=f"{LIMITED.format(seconds=SECONDS)}\nbytearray({2 * MEMORY * 2**20})")
    assert done.code != 0
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] != MEMORY * 2**20
