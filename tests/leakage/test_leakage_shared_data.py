"""The audit on real data. The figures stand in docs/leakage.md; MinHash's seed is fixed, so they are the same everywhere."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from jmlr_cli.contracts.values import QuestionSet
from jmlr_cli.corpus.corpus import Corpus
from jmlr_cli.index.passages import PassageStore, write_passages
from jmlr_cli.leakage.audit import audit
from jmlr_cli.leakage.findings import Audit, Settings
from jmlr_cli.leakage.near import NearDuplicates, similarity
from jmlr_cli.leakage.texts import Texts, passage_texts, training_texts
from jmlr_cli.leakage.words import words
from jmlr_cli.questions.formats import read_questions

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (DATA / "guidelines").is_dir(), reason="the development data is not here"),
]


def questions(name: str) -> QuestionSet:
    return read_questions(DATA / name)


def counts(done: Audit) -> dict[str, int]:
    """Leaking questions by measure, those that have any."""
    found = {name: each["questions"] for name, each in done.as_json()["measures"].items()}
    return {name: count for name, count in found.items() if count}


@pytest.fixture(scope="module")
def guidelines(tmp_path_factory) -> Texts:
    """The passages of the guidelines, without vectors."""
    file = tmp_path_factory.mktemp("guidelines") / "passages.sqlite"
    write_passages(file, (passage for passage in Corpus([DATA / "guidelines"])))
    return passage_texts(PassageStore(file), "guidelines")


def test_medquad_leaks_from_its_gold_documents_and_from_a_few_others(guidelines):
    """Its questions are the headings of its pages; some stand on two sites' pages."""
    done = audit(questions("medquad/dev.jsonl"), [guidelines], Settings())
    assert counts(done) == {"exact": 58, "normalised": 65, "ngram": 66, "near": 1}
    assert len(done.leaking) == 67
    assert done.as_json()["measures"]["normalised"]["only_in_gold"] == 333


def test_medqa_shares_stock_wording_with_its_training_questions_and_one_question():
    dev, train = questions("medqa/dev_4opt.jsonl"), training_texts(questions("medqa/train_4opt.jsonl"))
    done = audit(dev, [train], Settings())
    assert counts(done) == {"ngram": 395, "near": 1}
    assert done.as_json()["covered"] == {"0.2": 4, "0.5": 1, "0.8": 0}


def test_hashing_misses_hardly_a_near_duplicate():
    """Every vignette is planted with a tenth of its words changed; the truth is the exact similarity."""
    random, asked = Random(0), questions("medqa/dev_4opt.jsonl").questions[:300]
    near = NearDuplicates({place: question.text for place, question in enumerate(asked)}, threshold=0.5)
    truly = found = 0
    for place, question in enumerate(asked):
        planted = " ".join("zzz" if random.random() < 0.1 else word for word in question.text.split())
        text = f"A case from the ward. {planted} What follows is another case."
        if similarity(words(question.text), words(text)) >= 0.5:
            truly += 1
            found += place in near.candidates(text, words(text))
    assert truly > 150
    assert found / truly > 0.99
