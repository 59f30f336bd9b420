"""A comparison that is killed goes on where it was."""

from __future__ import annotations

import json

import pytest

FROZEN = "extends: tiny\ndata: {train: questions.jsonl}\nretriever: {train: false}\n"
CLOSED = "extends: frozen.yaml\ndata: {index: null}\ncandidates: {read: 0}\nevaluation: {mode: closed}\n"
COMPARE = (
    *("compare", "closed.yaml", "frozen.yaml", "--task", "questions.jsonl", "--set", "training.max_steps=20"),
    *("--set", "training.save_every=2"),
)


@pytest.mark.slow
def test_a_killed_comparison_goes_on_where_it_was(forks, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    (tmp_path / "frozen.yaml").write_text(FROZEN)
    (tmp_path / "closed.yaml").write_text(CLOSED)
    assert forks(tmp_path, "index", "guidelines", "--recipe", "tiny").code == 0
    folder = tmp_path / ".jmlr" / "runs"
    assert forks(tmp_path, *COMPARE, kill_before="*-frozen/checkpoints/*checkpoint-4*").killed
    closed, frozen = (next(path.name for path in folder.glob(f"*-{kind}")) for kind in ("closed", "frozen"))
    done = forks(tmp_path, *COMPARE, "--json")
    assert done.code == 0, done.err
    assert f"run {closed} is there already" in done.err
    assert f"run {frozen}, from checkpoint-" in done.err
    assert [system["runs"] for system in done.json["systems"]] == [[closed], [frozen]]
    evaluations = {path: path.stat().st_mtime_ns for path in (tmp_path / ".jmlr" / "evaluations").glob("*/*")}
    assert forks(tmp_path, *COMPARE, "--json").json["pairs"] == done.json["pairs"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / ".jmlr" / "evaluations").glob("*/*")} == evaluations
    assert json.loads((folder / frozen / "run.json").read_text())["steps"] == 20
