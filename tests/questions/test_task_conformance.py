"""Every task that comes with jmlr does what `jmlr_cli.testing` asks of anybody's; those of the hub on a few questions."""

from __future__ import annotations

import json
import zipfile

import pytest

from jmlr_cli.testing import TaskSuite
from jmlr_plugins.tasks.hub import SUBJECTS, MedMCQA, MedQA, MMLUMedical, PubMedQA
from jmlr_plugins.tasks.sample import Sample


class TestSample(TaskSuite):
    plugin = Sample


class TestMedQA(TaskSuite):
    plugin = MedQA

    @pytest.fixture
    def create(self, cached, monkeypatch):
        def line(text):
            return json.dumps({"question": text, "options": {"A": "x", "B": "y"}, "answer_idx": "A", "meta_info": "step1"}) + "\n"

        for split in ("train", "test"):
            cached("GBaker/MedQA-USMLE-4-options", f"phrases_no_exclude_{split}.jsonl").write_text(line(split))
        with zipfile.ZipFile(cached("bigbio/med_qa", "data_clean.zip"), "w") as archive:
            archive.writestr("data_clean/questions/US/4_options/phrases_no_exclude_dev.jsonl", line("dev"))
        monkeypatch.setattr(MedQA, "sizes", {"train": 1, "dev": 1, "test": 1})
        return MedQA


class TestPubMedQA(TaskSuite):
    plugin = PubMedQA

    @pytest.fixture
    def create(self, cached):
        def record(text):
            return {"QUESTION": text, "CONTEXTS": ["Yes."], "LABELS": ["R"], "final_decision": "yes", "LONG_ANSWER": "It does."}

        names = ("pqal_fold0/train_set", "pqal_fold0/dev_set", "pqal_test_set")
        with zipfile.ZipFile(cached("bigbio/pubmed_qa", "pqal.zip"), "w") as archive:
            for number, name in enumerate(names):
                archive.writestr(f"{name}.json", json.dumps({str(number): record(name)}))
        return PubMedQA


class TestMedMCQA(TaskSuite):
    plugin = MedMCQA

    @pytest.fixture
    def create(self, cached, monkeypatch):
        for split, first in {"train": 0, "validation": 10}.items():
            rows = [
                {"question": f"q{first + n}", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "cop": n % 4, "exp": None}
                for n in range(6)
            ]
            write_parquet(rows, cached("openlifescienceai/medmcqa", f"data/{split}-00000-of-00001.parquet"))
        monkeypatch.setattr(MedMCQA, "held_out", 2)
        monkeypatch.setattr(MedMCQA, "sizes", {"train": 4, "dev": 2, "test": 6})
        return MedMCQA


class TestMMLUMedical(TaskSuite):
    plugin = MMLUMedical
    splits = ("dev", "test")

    @pytest.fixture
    def create(self, cached):
        for subject in SUBJECTS:
            for split in ("validation", "test"):
                rows = [{"question": f"{split} {subject}", "subject": subject, "choices": ["a", "b", "c", "d"], "answer": 3}]
                write_parquet(rows, cached("cais/mmlu", f"{subject}/{split}-00000-of-00001.parquet"))
        return MMLUMedical


def write_parquet(rows, path):
    parquet = pytest.importorskip("pyarrow.parquet")
    from pyarrow import Table

    parquet.write_table(Table.from_pylist(rows), path)
