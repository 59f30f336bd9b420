from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from jmlr_cli.corpus.folder import CorpusReader
from jmlr_cli.corpus.passages import split_document

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (DATA / "guidelines").is_dir(), reason="the development data is not beside the checkout"),
]


@pytest.fixture(scope="module")
def guidelines():
    reader = CorpusReader([DATA / "guidelines"])
    documents = list(reader.documents())
    assert not reader.skipped
    return documents


def test_all_guidelines_become_bounded_passages_with_distinct_ids_in_good_time(guidelines):
    started = time.process_time()
    passages = [passage for document in guidelines for passage in split_document(document)]
    assert time.process_time() - started < 15
    assert len(guidelines) == 1208
    assert len({passage.id for passage in passages}) == len(passages)
    assert all(0 < len(passage.text.split()) <= 400 for passage in passages)
    assert sum(len(passage.text.split()) < 10 for passage in passages) < len(passages) / 100


def test_the_words_of_each_section_come_back_in_order(guidelines):
    for document in guidelines[::5]:
        written = " ".join(word for passage in split_document(document) for word in passage.text.split())
        at = 0
        for section in document.sections:
            words = " ".join(section.text.split())
            at = written.find(words, at) if document.sections.count(section) == 1 else written.find(words)
            assert at >= 0, f"{document.id}: {section.heading}"


def test_every_gold_document_of_medquad_is_found_by_its_name(guidelines):
    ids = {document.id for document in guidelines}
    gold = {json.loads(line)["document"] for line in (DATA / "medquad" / "dev.jsonl").read_text().splitlines()}
    assert gold
    assert gold <= ids


def test_scifact_keeps_its_ids():
    reader = CorpusReader([DATA / "scifact"])
    ids = [document.id for document in reader.documents()]
    judged = {line.split("\t")[1] for line in (DATA / "scifact" / "qrels" / "train.tsv").read_text().splitlines()[1:]}
    assert len(ids) == 5183
    assert judged <= set(ids)
    assert not reader.skipped
