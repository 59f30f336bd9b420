"""Passages of a corpus of any size."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from jmlr_cli.corpus.corpus import Corpus
from jmlr_cli.corpus.seen import Seen
from jmlr_cli.errors import InputError


def test_each_iteration_reads_the_documents_anew(tmp_path):
    (tmp_path / "a.md").write_text("# A\nOne.")
    corpus = Corpus([tmp_path])
    assert [passage.text for passage in corpus] == ["One."]
    (tmp_path / "b.md").write_text("# B\nTwo.")
    (tmp_path / "c.docx").write_text("?")
    assert [passage.text for passage in Corpus([tmp_path])] == ["One.", "Two."]
    assert [passage.text for passage in corpus] == ["One."]  # it keeps to the files that it found


def test_what_is_skipped_is_told_once_for_each_iteration(tmp_path):
    (tmp_path / "a.md").write_text("# A\nOne.")
    (tmp_path / "c.docx").write_text("?")
    corpus = Corpus([tmp_path])
    skipped = corpus.skipped
    for _ in range(2):
        assert len(list(corpus)) == 1
        assert [each.path for each in skipped] == ["c.docx"]


def test_a_corpus_without_a_document_is_an_error_once_it_is_read(tmp_path):
    (tmp_path / "c.docx").write_text("?")
    with pytest.raises(InputError, match="no readable document"):
        list(Corpus([tmp_path]))


def test_a_file_given_twice_and_a_text_that_stands_twice_give_one_passage(tmp_path):
    (tmp_path / "a.md").write_text("# A\n\n## Dose\nFive milligrams.\n\n## Dose\nFive milligrams.\n")
    ids = [passage.id for passage in Corpus([tmp_path, tmp_path / "a.md", tmp_path / "a.md"])]
    assert len(ids) == len(set(ids)) == 1


def test_a_large_corpus_passes_through_little_memory(tmp_path):
    lines = (json.dumps({"_id": f"document-{n}", "text": f"Number {n}. " + "word " * 200}) for n in range(3000))
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    tracemalloc.start()
    count = sum(1 for _ in Corpus([tmp_path]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3000
    assert peak < 500_000


def test_a_text_is_new_once():
    seen = Seen()
    assert not seen
    assert [seen.add(text) for text in ("a", "b", "a", "", "", "\udc80")] == [True, True, False, True, False, True]
    assert seen
