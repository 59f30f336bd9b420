"""A full disk, a folder that may not be written, and a folder that goes away: a sentence, its exit code, nothing damaged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jmlr_cli.commands.integrity import whole
from tests.thorough import thoroughly

LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
INDEX = ("index", "guidelines", "--name", "x", "--recipe", "tiny")
TRAIN = ("train", "--recipe", "tiny", "--set", "data.train=questions.jsonl", "--set", "training.max_steps=2")


@pytest.fixture
def ward(forks, pages, questions, tmp_path, monkeypatch) -> Path:
    """A folder with guidelines, questions, the tiny models and an index; many pages more are to be indexed next."""
    pages(tmp_path / "guidelines")
    questions(tmp_path / "questions.jsonl")
    monkeypatch.setenv("JMLR_HOME", str(tmp_path / ".jmlr"))
    assert forks(tmp_path, *INDEX, "--retriever", "bm25").code == 0
    assert forks(tmp_path, "models", "pull", "tiny-bert").code == 0
    lines = [json.dumps({"_id": f"p{n}", "text": f"Page {n} says that drug {n} treats illness {n % 7}."}) for n in range(300)]
    (tmp_path / "guidelines" / "more.jsonl").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.parametrize("retriever", ["bm25", "dense", "colbert"])
@pytest.mark.parametrize("limit", [thoroughly(700), 5_000, thoroughly(30_000)])
def test_a_full_disk_leaves_the_old_index(forks, ward, retriever, limit):
    """A limit on the size of files stands for a full disk."""
    before = whole("x", None, None)
    full = forks(ward, *INDEX, "--retriever", retriever, "--json", before=LIMIT.format(limit))
    error = json.loads(full.out)
    assert (full.code, error["code"]) == (3, 3), full.err
    assert "no space is left" in error["message"]
    assert whole("x", None, None) == before
    again = forks(ward, *INDEX, "--retriever", retriever, "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["passages"] > 300
    assert not list(ward.rglob("*.tmp"))


@pytest.mark.parametrize("limit", [thoroughly(700), 100_000])
def test_a_full_disk_while_a_model_is_brought_leaves_none(forks, ward, limit):
    full = forks(ward, "models", "pull", "tiny-llama", "--json", before=LIMIT.format(limit))
    assert full.code == 3, full.err
    assert "no space is left" in json.loads(full.out)["message"]
    assert not (ward / ".jmlr" / "models" / "tiny-llama").exists()
    assert forks(ward, "models", "pull", "tiny-llama").code == 0


@pytest.mark.parametrize("limit", [thoroughly(700), 60_000])
def test_a_full_disk_while_a_run_is_made_is_told(forks, ward, limit):
    assert forks(ward, "models", "pull", "tiny-llama").code == 0
    assert forks(ward, *INDEX).code == 0
    train = (*TRAIN, "--set", "data.index=x")
    full = forks(ward, *train, "--json", before=LIMIT.format(limit))
    assert full.code == 3, full.err
    assert "no space is left" in json.loads(full.out)["message"]
    assert whole("x", None, None)
    again = forks(ward, *train)
    assert again.code == 0, again.err
    assert not list(ward.rglob("*.tmp"))


def without_privileges() -> list[str]:
    """What runs a command so that a folder's permissions count, also for root."""
    if os.geteuid():
        return []
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("root may write everywhere, and there is no setpriv")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]


def test_a_folder_that_may_not_be_written_is_named(ward):
    command = [*without_privileges(), str(Path(sys.executable).with_name("jmlr")), *INDEX, "--retriever", "bm25", "--json"]
    index = ward / ".jmlr" / "indexes" / "x"
    folders = [index, index / "generations"]
    for folder in folders:
        folder.chmod(0o500)
    try:
        done = subprocess.run(command, cwd=ward, capture_output=True, text=True, check=False)
        reader = [*command[: -len(INDEX) - 3], "search", "gout", "--index", "x", "--json"]
        found = subprocess.run(reader, cwd=ward, capture_output=True, text=True, check=False)
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert done.returncode == 3, done.stderr
    assert "Permission denied" in json.loads(done.stdout)["message"]
    assert found.returncode == 0, found.stderr
    assert whole("x", None, None)


VANISH = """
import os, shutil
from jmlr_cli.corpus import folder
read, count = folder.CorpusReader._read, [0]
def vanishing(self, source):
    count[0] += 1
    if count[0] == 3:
        {how}
    yield from read(self, source)
folder.CorpusReader._read = vanishing
"""


@pytest.mark.parametrize(
    "how",
    [
        "shutil.rmtree('guidelines')",
        "[os.remove(os.path.join('guidelines', name)) for name in os.listdir('guidelines')]",
    ],
    ids=["removed", "unmounted"],
)
def test_a_folder_of_documents_that_goes_away_removes_no_passage(forks, ward, how):
    before = whole("x", None, None)
    gone = forks(ward, *INDEX, "--retriever", "bm25", "--json", before=VANISH.format(how=how))
    assert gone.code == 3, gone.err
    assert "went away while it was read" in json.loads(gone.out)["message"]
    assert whole("x", None, None) == before
    assert forks(ward, "search", "gout", "--index", "x").code == 0


def test_one_document_that_goes_away_is_only_skipped(forks, ward):
    gone = forks(ward, *INDEX, "--retriever", "bm25", "--json", before=VANISH.format(how="os.remove('guidelines/scabies.txt')"))
    assert gone.code == 0, gone.err
    assert [each["path"] for each in json.loads(gone.out)["skipped"]] == ["scabies.txt"]


def test_a_workspace_that_goes_away_is_told(forks, ward):
    how = "os.rename('.jmlr', 'elsewhere')"
    gone = forks(ward, *INDEX, "--retriever", "bm25", "--json", before=VANISH.format(how=how))
    assert gone.code in (3, 5), gone.err
    assert json.loads(gone.out)["message"]
    shutil.rmtree(ward / ".jmlr", ignore_errors=True)
    (ward / "elsewhere").rename(ward / ".jmlr")
    assert whole("x", None, None)
    assert forks(ward, *INDEX, "--retriever", "bm25").code == 0
