"""The same recipe, seed and machine give the same bytes, losses and answers, again and with any number of processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jmlr_cli.files import folder_checksums
from jmlr_cli.index.manifest import generation_folder, read_manifest
from tests.thorough import thoroughly

KINDS = (".safetensors", ".sqlite", ".npy")
INDEX = ("index", "guidelines", "--name", "x", "--recipe", "tiny")
TRAIN = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "candidates.refresh={every: 2}")


@pytest.fixture
def twins(forks, pages, questions, tmp_path) -> list[Path]:
    """Two folders with the same documents and questions."""
    found = [tmp_path / "one", tmp_path / "two"]
    for at in found:
        pages(at / "guidelines")
        questions(at / "questions.jsonl")
    return found


def index_files(at: Path, name: str) -> dict[str, str]:
    """The checksums of an index's files."""
    folder = at / ".jmlr" / "indexes" / name
    return folder_checksums(generation_folder(folder, read_manifest(folder)))


@pytest.mark.parametrize("retriever", ["bm25", thoroughly("dense"), "colbert", thoroughly("hybrid")])
def test_an_index_has_the_same_bytes_every_time(forks, twins, retriever):
    hybrid = ["--set", "retriever.options.retrievers=[{plugin: bm25}, {plugin: dense, checkpoint: tiny-bert}]"]
    more = hybrid if retriever == "hybrid" else []
    for at in twins:
        done = forks(at, *INDEX, "--retriever", retriever, *more)
        assert done.code == 0, done.err
    one, two = (index_files(at, "x") for at in twins)
    assert one == two
    rebuilt = forks(twins[0], *INDEX, "--retriever", retriever, *more, "--rebuild")
    assert rebuilt.code == 0, rebuilt.err
    assert index_files(twins[0], "x") == two


@pytest.mark.parametrize("retriever", [thoroughly("bm25"), thoroughly("dense"), thoroughly("colbert")])
def test_several_processes_write_the_bytes_of_one(forks, twins, retriever):
    for processes, at in enumerate(twins, 1):
        done = forks(at, *INDEX, "--retriever", retriever, "--devices", str(processes))
        assert done.code == 0, done.err
    one, two = (index_files(at, "x") for at in twins)
    assert one == two


def test_a_run_has_the_same_losses_weights_and_answers_every_time(forks, twins):
    told = []
    for at in twins:
        assert forks(at, "index", "guidelines", "--recipe", "tiny").code == 0
        done = forks(at, *TRAIN, "--json")
        assert done.code == 0, done.err
        run = at / ".jmlr" / "runs" / json.loads(done.out)["run"]
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        losses = [{key: line[key] for key in ("loss", "lm_loss", "rank_loss", "staleness") if key in line} for line in lines]
        weights = {name: checksum for name, checksum in folder_checksums(run).items() if name.endswith(KINDS)}
        answers = [json.loads(forks(at, "ask", question, "--json").out) for question in ("What treats gout?", "Which cream?")]
        evaluation = json.loads(forks(at, "eval", "questions.jsonl", "--run", run.name, "--json").out)
        numbers = {key: evaluation[key] for key in ("accuracy", "answer_nll", "retrieval")}
        told.append((losses, weights, [(each["answer"], each["passages"]) for each in answers], numbers))
    assert told[0] == told[1]
    assert len(told[0][1]) > 3
    assert len(told[0][0]) > 3
