"""`jmlr compare`: runs and recipes on the same questions, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jmlr_cli.files import read_sealed, write_sealed

RECIPES = {
    "joint.yaml": "extends: tiny\ndata: {train: questions.jsonl}\n",
    "frozen.yaml": "extends: joint.yaml\nretriever: {train: false}\n",
    "closed.yaml": "extends: frozen.yaml\ndata: {index: null}\ncandidates: {read: 0}\nevaluation: {mode: closed}\n",
    "longer.yaml": "extends: joint.yaml\ntraining: {max_steps: 6}\n",
    "several.yaml": "extends: joint.yaml\ntraining: {devices: 2}\n",
}
FAMILY = ("closed.yaml", "frozen.yaml", "joint.yaml")


@pytest.fixture
def place(clinic, tmp_path) -> Path:
    """A copy of the clinic, with a family of recipes."""
    folder = tmp_path / "clinic"
    shutil.copytree(clinic.folder, folder)
    for name, text in RECIPES.items():
        (folder / name).write_text(text)
    return folder


def runs_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".jmlr" / "runs").iterdir())


def test_one_command_trains_what_is_missing_and_gives_the_table(run_here, place):
    done = run_here(place, "compare", *FAMILY, "--task", "questions.jsonl", "--seeds", "0,1", "--json")
    assert done.code == 0, done.err
    record = done.json
    assert [system["seeds"] for system in record["systems"]] == [[0, 1]] * 3
    assert [system["mode"] for system in record["systems"]] == ["closed", "rag", "rag"]
    assert [system["updates"] for system in record["systems"]] == [[4, 4]] * 3
    assert len(record["pairs"]) == 6
    assert record["warnings"] == []
    assert json.loads((place / ".jmlr" / "comparisons" / f"{record['comparison']}.json").read_text()) == record
    # the clinic's own run trained the same as joint.yaml with seed 0
    assert len(runs_in(place)) == 6
    again = run_here(place, "compare", *FAMILY, "--task", "questions.jsonl", "--seeds", "0,1", "--output", "kept.json")
    assert again.code == 0, again.err
    assert len(runs_in(place)) == 6
    kept = json.loads((place / "kept.json").read_text())
    assert {**kept, "seconds": 0} == {**record, "seconds": 0}
    assert "C − B" in again.out
    assert "Holm" in again.out
    assert all(len(line) <= 120 for line in again.out.splitlines() if "kept" not in line)


def test_a_run_is_compared_as_it_is_with_an_untrained_recipe(run_here, clinic, place):
    name = clinic.trained["run"]
    done = run_here(
        place, "compare", "latest", "--untrained", "joint.yaml", "--task", "questions.jsonl", "--limit", "3", "--json"
    )
    assert done.code == 0, done.err
    before, run = done.json["systems"]
    assert (run["name"], run["recipe"], run["runs"], run["seeds"]) == (name, "tiny", [name], [0])
    assert (before["name"], before["runs"], before["seeds"], before["updates"]) == ("joint.yaml (untrained)", [], [], [0])
    assert (done.json["n"], done.json["pairs"][0]["n"]) == (3, 3)
    assert done.json["pairs"][0]["test"] == "McNemar exact"
    assert "One seed alone" in done.json["warnings"][0]
    assert name in done.json["warnings"][0]


def test_a_dry_run_says_what_would_be_trained_and_trains_nothing(run_here, place):
    before = runs_in(place)
    done = run_here(place, "compare", *FAMILY, "--task", "questions.jsonl", "--seeds", "0,1", "--dry-run", "--json")
    assert done.json["schema"] == "jmlr.compare_plan/1"
    states = {(job["system"], job["seed"]): job["state"] for job in done.json["jobs"]}
    assert states["joint.yaml", 0] == "finished"
    assert list(states.values()).count("missing") == 5
    assert done.json["questions"] == 4
    assert runs_in(place) == before
    shown = run_here(place, "compare", "closed13b", "rag13b", "joint13b", "--task", "medqa", "--dry-run")
    assert shown.code == 0, shown.err
    assert "1,273 questions" in shown.out
    assert "1,911" in shown.out


@pytest.mark.parametrize(
    ("override", "state"),
    [("training.save_every=1", "finished"), ("evaluation.limit=3", "finished"), ("training.weight_decay=0.5", "missing")],
)
def test_what_changes_no_weight_makes_no_other_run(run_here, place, override, state):
    done = run_here(
        place, "compare", "frozen.yaml", "joint.yaml", "--task", "questions.jsonl", "--set", override, "--dry-run", "--json"
    )
    assert {job["system"]: job["state"] for job in done.json["jobs"]}["joint.yaml"] == state


MISTAKES = [
    (["closed.yaml", "frozen.yaml"], 2, "--task"),
    (["closed.yaml", "--task", "questions.jsonl"], 2, "two systems"),
    (["latest", "latest", "--task", "questions.jsonl"], 2, "named twice"),
    (["latest", "nowhere", "--task", "questions.jsonl"], 3, "no run and no recipe 'nowhere'"),
    (["latest", "joint.yaml", "--task", "nothing-like-this"], 3, "nothing-like-this"),
    (["latest", "joint.yaml", "--task", "questions.jsonl", "--metric", "bleu"], 2, "bleu"),
    (["latest", "joint.yaml", "--task", "questions.jsonl", "--seeds", "0,0"], 2, "--seeds '0,0'"),
    (["latest", "--untrained", "tiny", "--task", "questions.jsonl", "--seeds", "0"], 2, "--seeds is for recipes"),
    (["latest", "joint.yaml", "--task", "questions.jsonl", "--mode", "open"], 3, "mode"),
    (["joint.yaml", "longer.yaml", "--task", "questions.jsonl"], 3, "would not learn equally much"),
    (["closed.yaml", "frozen.yaml", "--task", "questions.jsonl", "--set", "data.index=nowhere"], 3, "no index 'nowhere'"),
    (["closed.yaml", "frozen.yaml", "--task", "questions.jsonl", "--set", "data.train="], 3, "data.train"),
    (["frozen.yaml", "several.yaml", "--task", "questions.jsonl"], 3, "2 devices"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "words"), MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_mistake_gets_a_sentence_before_anything_is_trained(run_here, place, arguments, code, words):
    before = runs_in(place)
    done = run_here(place, "compare", *arguments)
    assert done.code == code, done.err
    assert words in " ".join(done.err.split())
    assert runs_in(place) == before


def test_an_unfinished_run_is_not_compared_as_it_is_and_a_recipe_goes_on_with_it(run_here, place):
    (name,) = runs_in(place)
    record = place / ".jmlr" / "runs" / name / "run.json"
    write_sealed(record, {**read_sealed(record)[0], "status": "interrupted"})
    refused = run_here(place, "compare", name, "--untrained", "joint.yaml", "--task", "questions.jsonl")
    assert refused.code == 3
    assert "is interrupted, not finished" in " ".join(refused.err.split())
    done = run_here(place, "compare", "joint.yaml", "--untrained", "joint.yaml", "--task", "questions.jsonl", "--json")
    assert done.code == 0, done.err
    assert done.json["systems"][1]["runs"] == [name]
    assert runs_in(place) == [name]
    assert json.loads(record.read_text())["status"] == "finished"


def test_the_same_run_under_two_names_is_told(run_here, place):
    done = run_here(place, "compare", "latest", "joint.yaml", "--task", "questions.jsonl", "--json")
    assert done.code == 0, done.err
    assert "are one run" in done.json["warnings"][0]
    assert done.json["pairs"][0]["p"] == 1


def test_unequal_budgets_are_told_when_they_are_wanted(run_here, place):
    done = run_here(place, "compare", "joint.yaml", "longer.yaml", "--task", "questions.jsonl", "--any-budget", "--json")
    assert done.code == 0, done.err
    assert "joint.yaml 4 updates of 2 questions; longer.yaml 6 updates of 2 questions" in done.json["warnings"][0]


def test_other_questions_in_the_same_file_are_asked_anew(run_here, place):
    arguments = ("compare", "latest", "--untrained", "joint.yaml", "--task", "questions.jsonl", "--json")
    first = run_here(place, *arguments).json
    (place / "questions.jsonl").write_text("".join((place / "questions.jsonl").read_text().splitlines(keepends=True)[:3]))
    second = run_here(place, *arguments).json
    assert (first["n"], second["n"]) == (4, 3)
    assert first["comparison"] != second["comparison"]


def test_a_run_that_learned_from_other_questions_is_not_used_again(run_here, place):
    (old,) = runs_in(place)
    (place / "questions.jsonl").write_text("".join((place / "questions.jsonl").read_text().splitlines(keepends=True)[:3]))
    done = run_here(place, "compare", "joint.yaml", "--untrained", "joint.yaml", "--task", "questions.jsonl", "--json")
    assert done.code == 0, done.err
    assert f"run {old} learned from other questions" in " ".join(done.err.split())
    assert done.json["systems"][1]["runs"] == [name for name in runs_in(place) if name != old]
