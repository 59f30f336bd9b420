"""An interrupted build goes on where it stopped, when it is the very same."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from jmlr_cli.index.build import build_index
from jmlr_cli.index.manifest import read_manifest
from jmlr_cli.index.open import open_index

COUNT = 60


@pytest.fixture
def texts():
    return [f"word{n} text" for n in range(COUNT)]


def generations(folder: Path) -> list[Path]:
    return sorted((folder / "generations").iterdir())


def killed(folder: Path, command: list[str], count: int = COUNT, pieces: int = 5) -> set[str]:
    """Kill a process that builds ``folder`` once it has left some pieces; their names."""
    process = subprocess.Popen([*command, str(folder), str(count)])
    left: list[Path] = []
    while len(left) < pieces:
        assert process.poll() is None
        time.sleep(0.005)
        left = list(folder.glob("generations/*/retriever/pieces/*.json"))
    process.kill()
    process.wait()
    return {path.stem for path in folder.glob("generations/*/retriever/pieces/*.json")}


def test_the_same_build_goes_on_with_what_a_killed_process_left(tmp_path, overlap, passages, texts, slow_build):
    left = killed(tmp_path / "x", slow_build)
    (unfinished,) = generations(tmp_path / "x")
    assert set(json.loads((unfinished / "job.json").read_text())) == {"fingerprint", "old", "added", "removed"}
    retriever, told = overlap(), []
    change = build_index(tmp_path / "x", retriever, passages(*texts), 400, on_resume=lambda: told.append(True))
    assert (change.added, change.resumed, told) == (COUNT, True, [True])
    assert generations(tmp_path / "x") == [unfinished]
    assert len(retriever.encoded) == COUNT - len(left)
    assert not left & set(retriever.encoded)
    build_index(tmp_path / "whole", overlap(), passages(*texts), 400)
    same = [(folder / "generations" / "000001" / "retriever" / "words.json") for folder in (tmp_path / "x", tmp_path / "whole")]
    assert same[0].read_bytes() == same[1].read_bytes()


def test_a_finished_generation_holds_finished_files_only(tmp_path, overlap, passages, texts, slow_build):
    killed(tmp_path / "x", slow_build)
    build_index(tmp_path / "x", overlap(), passages(*texts), 400)
    (folder,) = generations(tmp_path / "x")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == set(read_manifest(tmp_path / "x").checksums) == {"passages.sqlite", "retriever/words.json"}


def test_an_update_goes_on_too_and_the_old_index_serves_meanwhile(tmp_path, overlap, passages, texts, slow_build):
    build_index(tmp_path / "x", overlap(), passages(*texts[:3], "goes away"), 400)
    left = killed(tmp_path / "x", slow_build)
    reader = open_index(tmp_path / "x", lambda config: overlap(config))
    assert reader.search(["goes away"], 1)[0][0].passage.text == "goes away"
    retriever = overlap()
    change = build_index(tmp_path / "x", retriever, passages(*texts), 400)
    assert (change.added, change.unchanged, change.removed, change.resumed) == (COUNT - 3, 3, 1, True)
    assert retriever.calls == ["update"]
    assert len(retriever.encoded) == COUNT - 3 - len(left)
    assert len(generations(tmp_path / "x")) == 1


@pytest.mark.parametrize("other", ["passages", "retriever", "start"])
def test_another_job_begins_anew_and_sweeps_what_was_left(tmp_path, overlap, passages, texts, slow_build, other):
    if other == "start":  # the old generation that the update started from is not the one that is there now
        build_index(tmp_path / "x", overlap(), passages(texts[0], "a"), 400)
    killed(tmp_path / "x", slow_build)
    if other == "start":
        build_index(tmp_path / "x", overlap(), passages(texts[0], "b"), 400)
    retriever = overlap()
    if other == "retriever":
        retriever.config = retriever.config.model_copy(update={"checkpoint": "other weights"})
    wanted = texts[:-1] if other == "passages" else texts
    change = build_index(tmp_path / "x", retriever, passages(*wanted), 400)
    assert not change.resumed
    assert len(retriever.encoded) == change.added
    assert len(generations(tmp_path / "x")) == 1
    assert open_index(tmp_path / "x", lambda config: overlap(config)).search(["word7"], 1)[0][0].passage.text == "word7 text"


def test_a_resumed_build_has_the_metadata_and_places_of_now(tmp_path, overlap, passages, texts, slow_build):
    killed(tmp_path / "x", slow_build)
    change = build_index(tmp_path / "x", overlap(), passages(*reversed(texts), source="WHO"), 400)
    assert change.resumed
    kept = open_index(tmp_path / "x", lambda config: overlap(config)).of_document("d")
    assert [passage.text for passage in kept] == texts[::-1]
    assert {passage.metadata["source"] for passage in kept} == {"WHO"}


def test_a_job_that_was_cut_off_is_no_job(tmp_path, overlap, passages, texts, slow_build):
    killed(tmp_path / "x", slow_build)
    (unfinished,) = generations(tmp_path / "x")
    (unfinished / "job.json").write_text('{"fingerprint": "over')
    assert not build_index(tmp_path / "x", overlap(), passages(*texts), 400).resumed


def test_documents_that_cannot_be_read_leave_nothing_behind(tmp_path, overlap, passages, texts):
    def broken():
        yield from passages(*texts)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        build_index(tmp_path / "x", overlap(), broken(), 400)
    assert generations(tmp_path / "x") == []
