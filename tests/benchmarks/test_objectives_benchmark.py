"""Settings tried against a stand-in: what it measures is counted by hand; trials run on a tiny encoder as people run them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage, Question

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
WORDS = "fever cough gout renal liver rash bone skin heart lung nerve blood".split()
FEW = ("--recipe", "tiny", "--measured", "6", "--steps", "3", "--set", "training.retriever_learning_rate=0.01")


@pytest.fixture
def parts(monkeypatch):
    """The benchmark's own modules can be imported."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def ward(jmlr, tmp_path) -> Path:
    """An index of a dozen pages, and two dozen questions whose answers stand in them."""
    chance, questions = random.Random(0), []
    (tmp_path / "pages").mkdir()
    for page in range(12):
        sentences = [" ".join(chance.choices(WORDS, k=8)) for _ in range(4)]
        (tmp_path / "pages" / f"{page}.md").write_text(f"# Page {page}\n\n{'. '.join(sentences)}.\n")
        questions += [
            {"id": f"{page}-{n}", "question": f"What of {sentences[n][:20]}?", "answer": sentences[n], "document": f"{page}.md"}
            for n in (0, 2)
        ]
    chance.shuffle(questions)
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in questions))
    assert jmlr("index", "pages", "--name", "ward", "--recipe", "tiny").code == 0
    return tmp_path


def tried(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BENCHMARKS / "objectives.py"), "questions.jsonl", "--index", "ward", *FEW, *arguments]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "200"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_stand_in_knows_what_share_of_the_answer_a_passage_holds(parts):
    from objective_parts.teacher import OverlapTeacher, held

    assert held("Give oral zinc for ten days", "we give oral zinc for a week") == 2 / 4
    assert held("Allopurinol", "Then allopurinol is given.") == 1
    assert held("", "anything") == 0
    teacher, passages = OverlapTeacher(), [Passage("p", "d", "", text, 0) for text in ("rest and warm fluids", "sleep")]
    prompts = [teacher.render(Question("q", "What helps?"), [passage], "rest and warm fluids") for passage in passages]
    assert teacher.answer_nll(prompts).tolist() == pytest.approx([0.2, 2.5])


def test_a_retriever_is_judged_by_the_page_and_by_the_passage_that_answers(parts):
    from objective_parts.judging import MEASURES, Case, judged

    # of those that name zinc once, BM25 finds the shortest first
    texts = [("a", "rest, zinc"), ("b", "give zinc daily"), ("b", "then give zinc daily for ten")]
    passages = tuple(Passage(text, page, "", text, 0) for page, text in texts)
    answers = ["then give zinc daily", "then give zinc daily for ten days or more and rest in bed"]
    without = tuple(Passage(word, "c", "", word, 0) for word in WORDS)
    of_two, of_one = (Question("q", "zinc?", answer=answer, document="b") for answer in answers)
    every = [Case(of_two, passages), Case(of_one, passages[1:]), Case(of_one, without)]
    assert every[0].shares.tolist() == [0, 1 / 2, 1]
    found = judged(make_retriever(RetrieverConfig(plugin="bm25")), every)[:2]
    of = dict(zip(MEASURES, found.T.tolist(), strict=True))
    assert of["held"] == pytest.approx([1 / 2, 1 / 11])
    assert of["page R@1"] == [0, 0]  # the first page is the other one, which the first question alone brought
    assert of["page R@5"] == [1, 1]
    assert (of["answer R@1"][0], of["answer R@3"][0], of["answer RR"][0]) == (0, 1, 1 / 3)
    assert np.isnan(of["answer RR"][1])  # no passage holds more than half of the answer
    assert of["agreement"] == [0, 0]


def test_each_trial_teaches_from_the_same_start_and_always_to_the_same_figures(ward):
    shown = [tried(ward, "--only", only, "--seeds", "0,1", "--json") for only in ("small,llm-rank,in-batch", "llm-rank")]
    assert [done.returncode for done in shown] == [0, 0], shown[0].stderr
    report, again = ({each["name"]: each["measures"] for each in json.loads(done.stdout)["trials"]} for done in shown)
    assert list(report) == ["untrained", "small", "llm-rank", "in-batch"]
    assert (json.loads(shown[0].stdout)["taught"], json.loads(shown[1].stdout)["taught"]) == (18, 18)
    assert again["llm-rank"] == report["llm-rank"]
    assert again["untrained"] == report["untrained"]
    assert report["untrained"]["agreement"]["difference"] == 0
    agreements = [report[name]["agreement"]["seeds"] for name in ("small", "llm-rank", "in-batch")]
    assert len({tuple(each) for each in agreements}) == 3
    low, high = report["small"]["agreement"]["ci95"]
    assert low < report["small"]["agreement"]["difference"] < high


def test_people_see_a_table(ward):
    done = tried(ward, "--only", "kl", "--taught", "3")  # three steps of four, so they come again
    assert done.returncode == 0, done.stderr
    assert "6 questions, 3 steps" in done.stdout
    assert "untrained" in done.stdout
    assert "answer RR" in done.stdout
    assert "kl: held 0." in done.stderr


def test_what_cannot_be_tried_is_told(ward):
    assert "there is no trial 'magic'" in tried(ward, "--only", "magic").stderr
    assert "24 questions of questions.jsonl" in tried(ward, "--only", "small", "--measured", "13").stderr
    refused = tried(ward, "--only", "small", "--set", "training.speed=1")
    assert refused.returncode == 3
    assert "training.speed" in refused.stderr
