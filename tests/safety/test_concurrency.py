"""Two writers of one index never mix, and readers see the old index or the new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jmlr_cli.assemble import make_retriever
from jmlr_cli.commands.integrity import whole
from jmlr_cli.contracts.config import RetrieverConfig
from jmlr_cli.contracts.values import Passage, passage_id
from jmlr_cli.index import open as open_module
from jmlr_cli.index.build import build_index

READER = """
import sys, time
from pathlib import Path
from jmlr_cli.assemble import make_retriever
from jmlr_cli.index.open import open_index

seen, until = [], time.monotonic() + 300
while time.monotonic() < until and not Path("stop").exists():
    index = open_index(Path(sys.argv[1]), make_retriever)
    (hits,) = index.search(["edition drug"], 100)
    editions = {hit.passage.text.split()[1] for hit in hits}
    assert len(editions) == 1, f"half of {editions}"
    assert len(hits) == 40, len(hits)
    seen.append(editions.pop())
    time.sleep(0.02)
print(len(seen), *dict.fromkeys(seen))
"""


def write_edition(folder: Path, edition: int) -> None:
    """Forty documents that all say which edition they are of."""
    lines = [json.dumps({"_id": f"d{n}", "text": f"edition {edition} of drug {n}"}) for n in range(40)]
    new = folder / "new"
    new.write_text("\n".join(lines) + "\n")
    new.replace(folder / "all.jsonl")


def test_readers_see_the_old_index_or_the_new_one_never_half(forks, tmp_path):
    folder = tmp_path / "guidelines"
    folder.mkdir()
    index = ("index", "guidelines", "--retriever", "bm25", "--json")
    write_edition(folder, 0)
    assert forks(tmp_path, *index).code == 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "JMLR_HOME": str(tmp_path / ".jmlr")}
    at = tmp_path / ".jmlr" / "indexes" / "guidelines"
    readers = [
        subprocess.Popen([sys.executable, "-c", READER, str(at)], cwd=tmp_path, env=environment, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(8)
    ]  # fmt: skip
    try:
        for edition in range(1, 16):
            time.sleep(0.1)
            write_edition(folder, edition)
            result = json.loads(forks(tmp_path, *index).out)
            assert (result["added"], result["removed"]) == (40, 40)
    finally:
        (tmp_path / "stop").touch()
        said = [reader.communicate() for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 8, said[0][1]
    counts = [int(out.split()[0]) for out, _ in said]
    assert all(counts), counts


@pytest.mark.parametrize("moment", ["verify", "_check_fingerprint", "Index"])
@pytest.mark.parametrize("plugin", ["bm25", "dense", "colbert"])
def test_a_reader_that_is_overtaken_opens_the_newer_index(tmp_path, encoder, monkeypatch, plugin, moment):
    """Another process commits a newer generation, and removes the old one, right before the reader's next look."""
    config = RetrieverConfig(plugin=plugin, checkpoint=None if plugin == "bm25" else str(encoder))

    def build(edition: str) -> None:
        passages = [Passage(passage_id("d", "", f"{edition} {n}"), "d", "", f"{edition} {n}", n) for n in range(5)]
        build_index(tmp_path / "x", make_retriever(config), passages, 400)

    build("old")
    look, begun = getattr(open_module, moment), []

    def overtaken(*given: object) -> object:
        if not begun:
            begun.append(True)
            build("new")
        return look(*given)

    monkeypatch.setattr(open_module, moment, overtaken)
    index = open_module.open_index(tmp_path / "x", make_retriever)
    assert {hit.passage.text.split()[0] for hit in index.search(["new 3 old"], 5)[0]} == {"new"}


def test_of_two_writers_the_second_is_refused_and_both_survive(forks, tmp_path):
    """The first is held in the middle of its work."""
    folder = tmp_path / "guidelines"
    folder.mkdir()
    write_edition(folder, 0)
    index = ("index", "guidelines", "--retriever", "bm25", "--json")
    code = (
        "import sys, time; from pathlib import Path; from jmlr_cli.index import build\n"
        "staged = build._staged\n"
        "def held(*given):\n    Path('begun').touch()\n"
        "    while not Path('go').exists():\n        time.sleep(0.01)\n    return staged(*given)\n"
        "build._staged = held; sys.argv = ['jmlr', *sys.argv[1:]]; from jmlr_cli.main import main; main()"
    )
    first = subprocess.Popen([sys.executable, "-c", code, *index], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "begun").exists():
        assert first.poll() is None
        time.sleep(0.01)
    second = forks(tmp_path, *index)
    assert second.code == 3
    assert "another process is writing 'guidelines'" in json.loads(second.out)["message"]
    (tmp_path / "go").touch()
    out, _ = first.communicate(timeout=120)
    assert json.loads(out)["passages"] == 40
    assert forks(tmp_path, *index).code == 0


def test_many_writers_at_once_leave_one_whole_index(forks, tmp_path, monkeypatch):
    folder = tmp_path / "guidelines"
    folder.mkdir()
    write_edition(folder, 0)
    command = [Path(sys.executable).with_name("jmlr"), "index", "guidelines", "--retriever", "bm25", "--json"]
    started = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(5)]
    said = [json.loads(process.communicate(timeout=200)[0]) for process in started]
    codes = [process.returncode for process in started]
    assert set(codes) <= {0, 3}
    assert 0 in codes
    assert all("another process is writing" in each["message"] for each, code in zip(said, codes, strict=True) if code)
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / ".jmlr"))
    assert whole("guidelines", None, None)
    assert len(list(tmp_path.glob(".jmlr/indexes/guidelines/generations/*"))) == 1


def test_a_run_that_is_being_trained_is_not_resumed_by_another(forks, pages, questions, tmp_path):
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    assert forks(tmp_path, "index", "guidelines", "--recipe", "tiny").code == 0
    train = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.save_every=1")
    killed = forks(tmp_path, *train, before=KILL)
    assert killed.killed, killed.err
    hold = "import fcntl, glob; held = open(glob.glob('.jmlr/runs/*/.lock')[0]); fcntl.flock(held, fcntl.LOCK_EX); "
    refused = forks(tmp_path, "train", "--resume", "--json", before=f"{hold}\nimport builtins; builtins.held = held")
    assert refused.code == 3, refused.err
    assert "another process is writing" in json.loads(refused.out)["message"]
    assert forks(tmp_path, "train", "--resume").code == 0


KILL = """
import os, signal
from jmlr_cli.training import trainer
seal = trainer.seal
trainer.seal = lambda *given: (seal(*given), os.kill(os.getpid(), signal.SIGKILL))
"""
