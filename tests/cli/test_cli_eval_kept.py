"""An evaluation is made once, kept, and gone on with after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jmlr_cli.evaluation.kept import Kept
from jmlr_cli.lock import writing

CLOSED = ("eval", "questions.jsonl", "--recipe", "tiny", "--mode", "closed")
Eval = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory, run_here, pages, questions) -> Path:
    """A folder with questions and a BM25 index of the pages that answer them."""
    folder = tmp_path_factory.mktemp("kept")
    pages(folder / "guidelines")
    questions(folder / "questions.jsonl")
    assert run_here(folder, "index", "guidelines", "--recipe", "tiny", "--retriever", "bm25").code == 0
    return folder


@pytest.fixture
def evaluated(place, run_here) -> Eval:
    """The record that `jmlr eval` prints."""

    def run(*arguments: str) -> dict[str, Any]:
        done = run_here(place, *arguments, "--json")
        assert done.code == 0, done.err
        return done.json

    return run


def kept(place: Path, name: str) -> Kept:
    return Kept(place / ".jmlr" / "evaluations" / name)


def test_the_folder_holds_the_record_each_result_and_a_picture(place, evaluated):
    record = evaluated(*CLOSED)
    own = kept(place, record["evaluation"])
    assert own.record() == record
    assert (record["status"], record["schema"]) == ("ok", "jmlr.eval/1")
    assert record["evaluation"].startswith("questions-closed-tiny-llama-")
    assert [result.id for result in own.results()] == ["q1", "q2", "q3", "q4"]
    assert own.reliability.read_bytes().startswith(b"\x89PNG")
    made = record["made_by"]
    assert made["recipe"]["generator"]["model"] == "tiny-llama"
    assert (made["questions"]["n"], made["index"], made["settings"]["normalise"]) == (4, None, "mean")
    assert {"jmlr", "run", "model", "versions", "device"} <= made.keys()


def test_the_figures_can_be_recomputed_from_the_lines(place, evaluated):
    record = evaluated(*CLOSED, "--normalise", "pmi")
    results = kept(place, record["evaluation"]).results()
    assert sum(result.correct for result in results) / 4 == record["accuracy"]
    for result in results:
        differences = [asked - apart for asked, apart in zip(result.option_nlls, result.neutral_nlls, strict=True)]
        assert result.nlls == tuple(differences)
        assert result.chosen == "ABCD"[differences.index(min(differences))]
        right = "ABCD".index(result.right)
        assert result.answer_nll * result.answer_tokens == pytest.approx(result.option_nlls[right])
        assert result.answer_tokens == result.option_tokens[right]


def test_a_finished_evaluation_is_shown_again_and_measured_once_more_when_asked(place, evaluated, run_here):
    first = evaluated(*CLOSED)
    lines = kept(place, first["evaluation"]).lines
    before = lines.stat().st_mtime_ns
    shown = run_here(place, *CLOSED, "--output", "each.jsonl")
    assert "--again measures it once more" in " ".join(shown.err.split())
    assert (place / "each.jsonl").read_bytes() == lines.read_bytes()
    assert lines.stat().st_mtime_ns == before
    again = evaluated(*CLOSED, "--again")
    assert lines.stat().st_mtime_ns > before
    assert again["accuracy"] == first["accuracy"]
    assert again["evaluation"] == first["evaluation"]


def test_what_decides_the_results_gives_another_name(place, evaluated, questions):
    rag = (*CLOSED[:4], "--mode", "rag")
    names = [evaluated(*CLOSED)["evaluation"], evaluated(*CLOSED, "--normalise", "sum")["evaluation"]]
    names += [evaluated(*CLOSED, "--limit", "3")["evaluation"], evaluated(*CLOSED, "--set", "training.seed=1")["evaluation"]]
    names += [evaluated(*rag)["evaluation"], evaluated(*rag, "--where", "document!=gout.md")["evaluation"]]
    text = (place / "questions.jsonl").read_text()
    (place / "questions.jsonl").write_text(text.replace("Which drug", "What"))
    names.append(evaluated(*CLOSED)["evaluation"])
    questions(place / "questions.jsonl")
    assert len(set(names)) == len(names)
    (place / "elsewhere").mkdir(exist_ok=True)
    questions(place / "elsewhere" / "questions.jsonl")
    assert evaluated("eval", "elsewhere/questions.jsonl", *CLOSED[2:])["evaluation"] == names[0]


def test_other_passages_in_the_index_give_another_name(place, evaluated, run_here):
    rag = (*CLOSED[:4], "--mode", "rag", "--index", "copy")
    made = ("index", "guidelines", "--name", "copy", "--recipe", "tiny", "--retriever", "bm25")
    assert run_here(place, *made).code == 0
    before = evaluated(*rag)
    (place / "guidelines" / "new.md").write_text("# New\n\nA page on gout that was not there.\n")
    assert run_here(place, *made).code == 0
    after = evaluated(*rag)
    (place / "guidelines" / "new.md").unlink()
    assert before["evaluation"] != after["evaluation"]
    assert before["made_by"]["index"]["fingerprint"] == after["made_by"]["index"]["fingerprint"]


def test_questions_that_bring_passages_are_told_apart_by_them(place, evaluated):
    record = {
        "input": "What treats gout?\nA. Colchicine\nB. Permethrin",
        "output": "A. Colchicine",
        "doc": "Colchicine treats gout.",
    }
    names = []
    for text in ("Colchicine treats gout.", "Permethrin treats scabies."):
        (place / "records.json").write_text(json.dumps([{**record, "doc": text}]))
        own = evaluated("eval", "records.json", "--recipe", "tiny", "--retriever", "bm25", "--mode", "rag")
        names.append(own["evaluation"])
        assert (own["made_by"]["index"], own["n"]) == (None, 1)
        assert own["made_by"]["reranked_by"]
    assert len(set(names)) == 2


def test_an_evaluation_that_cannot_begin_leaves_nothing(place, run_here):
    before = set((place / ".jmlr" / "evaluations").glob("*"))
    failed = run_here(place, *CLOSED, "--rank-agreement", "3")
    assert (failed.code, failed.out) == (3, "")
    assert "It needs mode rag" in " ".join(failed.err.split())
    assert set((place / ".jmlr" / "evaluations").glob("*")) == before


def test_two_processes_do_not_write_one_evaluation(place, evaluated, run_here):
    folder = kept(place, evaluated(*CLOSED)["evaluation"]).folder
    with writing(folder):
        refused = run_here(place, *CLOSED, "--again")
        assert refused.code == 3
        assert "another process is writing" in " ".join(refused.err.split())
        assert run_here(place, *CLOSED).code == 0  # to look is allowed


def test_results_of_other_software_are_not_gone_on_from(place, evaluated):
    first = evaluated(*CLOSED)
    own = kept(place, first["evaluation"])
    changed = {**first, "status": "unfinished", "made_by": {**first["made_by"], "versions": {"torch": "0"}}}
    own.record_file.write_text(json.dumps(changed))
    again = evaluated(*CLOSED)
    assert (again["resumed"], again["made_by"]) == (0, first["made_by"])
    assert [result.id for result in own.results()] == ["q1", "q2", "q3", "q4"]


def test_a_line_that_is_no_result_is_damage(place, evaluated, run_here):
    first = evaluated(*CLOSED)
    own = kept(place, first["evaluation"])
    own.record_file.write_text(json.dumps({**first, "status": "unfinished"}))
    own.lines.write_text('{"id": 7}\n')
    damaged = run_here(place, *CLOSED)
    assert damaged.code == 5
    assert "results.jsonl, line 1: no question's result: id" in " ".join(damaged.err.split())
    assert evaluated(*CLOSED, "--again")["n"] == 4


@pytest.mark.parametrize("left", ['{"status": "o', "[]"])
def test_a_damaged_record_is_told_and_measured_once_more_when_asked(place, evaluated, run_here, left):
    own = kept(place, evaluated(*CLOSED)["evaluation"])
    own.record_file.write_text(left)
    damaged = run_here(place, *CLOSED)
    assert damaged.code == 5
    assert "--again" in damaged.err
    assert evaluated(*CLOSED, "--again")["n"] == 4


KILLED = """
import os, signal
from jmlr_cli.evaluation.keeper import Keeper
add = Keeper.add
def added(keeper, result):
    add(keeper, result)
    if len(keeper.kept.whole_lines()) == 10:
        os.kill(os.getpid(), signal.SIGKILL)
Keeper.add = added
"""


@pytest.mark.slow
def test_a_killed_evaluation_ends_as_an_unbroken_one(place, evaluated, forks):
    asked = [{"id": f"n{n}", "question": f"What treats disease {n}?", "answer": f"Drug {n % 7}."} for n in range(45)]
    (place / "long.jsonl").write_text("".join(json.dumps(each) + "\n" for each in asked))
    long = ("eval", "long.jsonl", "--recipe", "tiny", "--retriever", "bm25", "--set", "evaluation.batch_size=3")
    long += ("--set", "evaluation.max_new_tokens=24")
    assert forks(place, *long, before=KILLED).killed
    own = Kept(next((place / ".jmlr" / "evaluations").glob("long-*")))
    assert own.record()["status"] == "unfinished"
    assert len(own.whole_lines()) == 10
    with own.lines.open("ab") as file:
        file.write(b'{"id": "n')  # what a full disk, or a power cut, may leave
    resumed = evaluated(*long)
    assert resumed["resumed"] == 9
    lines = own.lines.read_bytes()
    assert [result.id for result in own.results()] == [each["id"] for each in asked]
    unbroken = evaluated(*long, "--again")
    assert own.lines.read_bytes() == lines
    apart = {"seconds", "resumed", "finished"}
    assert {k: v for k, v in unbroken.items() if k not in apart} == {k: v for k, v in resumed.items() if k not in apart}
