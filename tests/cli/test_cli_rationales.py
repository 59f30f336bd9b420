"""`jmlr data rationales` from the question file to training, in which no question meets its own rationale."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.contracts.values import Question
from jmlr_cli.index.open import Index, open_index
from jmlr_cli.questions.formats import read_questions
from jmlr_cli.recipe.schema import CandidatesConfig, GuardConfig
from jmlr_cli.training.candidates import Candidates

REASONS = {
    "q1": "Malaria without complications calls for an artemisinin combination.",
    "q2": "Shock by allergy needs vasoconstriction at once, before antihistamines.",
    "q3": "Uric acid must fall for attacks to stay away.",
    "q4": "Mites die when the cream stays on overnight.",
}


def met(index: Index, question: Question, guard: GuardConfig) -> set[str]:
    """The documents among a question's candidates."""
    settings = CandidatesConfig(pool=12, sample=2, read=2, guard=guard)
    return {passage.document for passage in Candidates(index, settings).of(question)}


@pytest.fixture
def taught(tmp_path, pages, questions, run_here):
    """A folder of pages and of questions that carry reasoning, the rationales as documents, and an index of both."""
    pages(tmp_path / "guidelines")
    file = questions(tmp_path / "questions.jsonl")
    records = [json.loads(line) for line in file.read_text().splitlines()]
    file.write_text("".join(json.dumps({**record, "rationale": REASONS[record["id"]]}) + "\n" for record in records))
    written = run_here(tmp_path, "data", "rationales", "questions.jsonl", "--output", "rationales.jsonl", "--json")
    assert written.code == 0, written.err
    assert written.json["carried"] == 4
    made = run_here(tmp_path, "index", "guidelines", "rationales.jsonl", "--name", "guidelines", "--recipe", "tiny", "--json")
    assert made.code == 0, made.err
    return tmp_path


def test_no_question_meets_its_own_rationale_in_training(taught, run_here, monkeypatch):
    monkeypatch.setenv("JMLR_HOME", str(taught / ".jmlr"))
    index = open_index(taught / ".jmlr" / "indexes" / "guidelines", make_retriever)
    every = {f"rationale/questions/{id}" for id in REASONS}
    for question in read_questions(taught / "questions.jsonl").questions:
        own = f"rationale/questions/{question.id}"
        assert every - {own} <= met(index, question, GuardConfig())
        assert own not in met(index, question, GuardConfig())
        assert own not in met(index, question, GuardConfig(overlap=None))  # by its mark
        assert own not in met(index, question, GuardConfig(document=False, ngram=6))  # by its words
        assert own in met(index, question, GuardConfig(document=False, overlap=None))
    trained = run_here(taught, "train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--json")
    assert trained.code == 0, trained.err
    metrics = taught / ".jmlr" / "runs" / trained.json["run"] / "metrics.jsonl"
    guarded = [json.loads(line)["guarded"] for line in metrics.read_text().splitlines() if "guarded" in line]
    assert guarded
    assert all(count >= 1 for count in guarded)
    known = run_here(taught, "audit", "questions.jsonl", "--train", "latest", "--run", "latest", "--json").json
    run = trained.json["run"]
    assert [(each["source"], each["name"]) for each in known["searched"]] == [("index", run), ("training", f"questions of {run}")]
    assert {finding["text"] for finding in known["findings"] if finding["source"] == "training"} == set(REASONS)
    learned = (taught / "questions.jsonl").read_text()
    (taught / "questions.jsonl").write_text(learned.replace("malaria", "dengue"))
    changed = run_here(taught, "audit", "questions.jsonl", "--train", "latest", "--json")
    assert "not those that the run" in changed.json["message"], changed
    (taught / "questions.jsonl").write_text(learned)
    audited = run_here(taught, "audit", "questions.jsonl", "--index", "guidelines", "--json").json
    assert audited["measures"]["marked"]["questions"] == audited["measures"]["rationale"]["questions"] == 4


def test_a_second_call_writes_nothing_and_says_so(taught, run_here):
    before = (taught / "rationales.jsonl").read_bytes()
    again = run_here(taught, "data", "rationales", "questions.jsonl", "--output", "rationales.jsonl")
    assert again.code == 0
    assert "4 in the file already" in again.out.replace("\n", " ")
    assert (taught / "rationales.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["questions.jsonl", "--output", "questions.jsonl"], 3, "holds no rationale"),
        (["questions.jsonl", "--output", "new.jsonl", "--recipe", "tiny"], 2, "nothing is generated"),
        (["questions.jsonl", "--output", "guidelines"], 3, "directory"),
        (["none.jsonl", "--output", "new.jsonl"], 3, "neither a file"),
        (["questions.jsonl"], 2, "--output"),
        (["bare.jsonl", "--output", "new.jsonl"], 3, "no question of bare carries a rationale"),
        (["bare.jsonl", "--output", "new.jsonl", "--generate", "--recipe", "nothing"], 3, "nothing"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_leaves_nothing(tmp_path, pages, questions, run_here, arguments, code, words):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    questions(tmp_path / "bare.jsonl")
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run_here(tmp_path, "data", "rationales", *arguments, "--json")
    assert done.code == code
    assert words in done.json["message"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".jmlr") == before


def test_a_killed_command_goes_on_where_it_was(tmp_path, decoder, run_here):
    """The installed command is killed while a model writes, and the same call made again."""
    lines = [{"id": f"q{n}", "question": f"What treats illness {n}?", "answer": "A cream."} for n in range(40)]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = ["--generate", "--recipe", "tiny", "--set", f"generator.model={decoder}", "--max-new-tokens", "32", "--json"]
    arguments = ["data", "rationales", "cases.jsonl", "--output", "r.jsonl", *model]
    environment = {key: value for key, value in os.environ.items() if key != "JMLR_HOME"} | {"HF_HUB_OFFLINE": "1"}
    command = [Path(sys.executable).with_name("jmlr"), *arguments]
    first = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    file, until = tmp_path / "r.jsonl", time.monotonic() + 120
    while (not file.exists() or file.stat().st_size < 500) and time.monotonic() < until and first.poll() is None:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = file.read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    done = run_here(tmp_path, *arguments).json
    assert done["kept"] == whole.count(b"\n") > 0
    assert file.read_bytes().startswith(whole)
    told = [json.loads(line)["question"] for line in file.read_text().splitlines()]
    assert len(told) == len(set(told)) == done["kept"] + done["generated"]
    assert done["kept"] + done["generated"] + done["empty"] == len(lines)
