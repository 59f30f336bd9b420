"""Two systems are judged on the same passages, which neither of them chose."""

from __future__ import annotations

import shutil

import pytest

from jmlr_cli.evaluation.kept import Kept


@pytest.mark.slow
def test_an_index_of_nobody_s_finds_what_each_system_ranks(clinic, run_here, tmp_path):
    home = tmp_path / "clinic"
    shutil.copytree(clinic.folder, home)
    made = run_here(home, "index", "guidelines", "--name", "words", "--retriever", "bm25")
    assert made.code == 0, made.err
    pools = []
    asked = ("eval", "questions.jsonl", "--rank-agreement", "3", "--set", "evaluation.rank_agreement_index=words", "--json")
    for system in (("--run", clinic.trained["run"]), ("--recipe", "tiny", "--index", clinic.indexed["index"])):
        done = run_here(home, *asked, *system)
        assert done.code == 0, done.err
        assert done.json["made_by"]["rank_agreement_index"]["retriever"] == "bm25"
        pools.append(Kept(home / ".jmlr" / "evaluations" / done.json["evaluation"]).results())
    for trained, untrained in zip(*pools, strict=True):
        assert set(trained.pool) == set(untrained.pool)
        assert len(trained.pool) == 3
        assert sorted(trained.pool_scores) != sorted(untrained.pool_scores)


def test_the_index_must_be_there(clinic, run_here):
    asked = ("eval", "questions.jsonl", "--rank-agreement", "3", "--set", "evaluation.rank_agreement_index=nowhere")
    done = run_here(clinic.folder, *asked)
    assert done.code == 3, done.err
    assert "nowhere" in done.err
